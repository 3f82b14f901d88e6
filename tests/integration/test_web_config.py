"""A real Prometheus scrapes an exporter that asks for credentials, over TLS."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.exporter_process import serving
from tests.integration.prometheus_server import prometheus_server
from tests.web_workspace import NAME, PASSWORD, WebWorkspace, users
from tests.workspace import Workspace

pytestmark = [pytest.mark.prometheus, pytest.mark.xdist_group("prometheus")]

RIGHT = {"username": NAME, "password": PASSWORD}
SAN = "prometheus.example"


def up(
    workspace: Workspace, web: WebWorkspace, tls: Mapping[str, str], credentials: Mapping[str, str]
) -> float:
    """Return whether Prometheus can scrape the exporter with these."""
    access: Mapping[str, object] = {
        "tls_config": {"ca_file": str(web.ca_file), **tls},
        "basic_auth": credentials,
    }
    folder = workspace.folder / "prometheus"
    with serving(workspace.configure(), f"--web.config.file={web.file}") as exporter:
        url = exporter.url.replace("http://", "https://")
        with prometheus_server(folder, {"threads": [url]}, access=access) as prometheus:
            seen = eventually(lambda: prometheus.query("up"))
    return seen[()]


@pytest.fixture
def web(tmp_path: Path) -> WebWorkspace:
    web = WebWorkspace(tmp_path)
    web.put_certificate()
    return web


@pytest.mark.parametrize(("password", "seen"), [(PASSWORD, 1), ("wrong", 0)])
def test_with_a_name_and_a_password(
    workspace: Workspace, web: WebWorkspace, password: str, seen: float
) -> None:
    web.write(basic_auth_users=users())

    assert up(workspace, web, {}, {**RIGHT, "password": password}) == seen


@pytest.mark.parametrize(("name", "seen"), [(SAN, 1), ("another.example", 0)])
def test_with_a_certificate_too(
    workspace: Workspace, web: WebWorkspace, name: str, seen: float
) -> None:
    web.write(
        tls={
            "client_auth_type": "RequireAndVerifyClientCert",
            "client_ca_file": "ca.pem",
            "client_allowed_sans": [SAN],
        },
        basic_auth_users=users(),
    )
    cert, key = web.authority.issue("prometheus-client", name).files

    assert web.ca_file.exists()
    assert up(workspace, web, {"cert_file": cert, "key_file": key}, RIGHT) == seen
