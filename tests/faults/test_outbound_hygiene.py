"""What the environment holds, and what an answer asks for, changes nothing in the calls."""

from pathlib import Path

import pytest

from exporter.simulator import Simulator, World, faults
from exporter.simulator.calls import AuthWay
from tests.certificates import Authority
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.networked import networked
from tests.faults.proxy import FaultProxy
from tests.faults.readings import read
from tests.workspace import Workspace


def misleading(folder: Path, closed_port: int) -> dict[str, str]:
    """Return an environment with which other programs would lose their way, or their token."""
    netrc = folder / "netrc"
    netrc.write_text("default login somebody password something\n", "ascii")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    authorities = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {
        **dict.fromkeys(proxies, f"http://127.0.0.1:{closed_port}"),
        **dict.fromkeys(authorities, "/nonexistent"),
        "NETRC": str(netrc),
        "HOME": str(folder),
        "NO_PROXY": "",
        "no_proxy": "",
    }


@pytest.mark.parametrize("ca", ["its own", "the environment's"])
def test_proxies_passwords_and_authorities_of_the_environment_are_not_used(
    workspace: Workspace, live_world: World, tmp_path: Path, closed_port: int, ca: str
) -> None:
    acme = live_world.add_user("acme")
    authority = Authority(tmp_path)
    pair = authority.issue("meta")
    environment = misleading(tmp_path, closed_port)
    if ca == "the environment's":
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        environment |= dict.fromkeys(names, str(authority.file))
    with Simulator(live_world, certificate=pair.cert, key=pair.key) as meta:
        own = {"ca_file": str(authority.file)} if ca == "its own" else {}
        api = {"base_url": meta.base_url, "timeout": "5s", **own}
        file = workspace.configure([workspace.account(acme)], api)
        with serving(file, environment=environment) as exporter:
            exporter.wait_until_ready()
            seen = read(exporter.scrape(), "acme")

    if ca == "its own":
        assert (seen.usage, seen.reasons) == (0, "")
        assert {(call.token, call.auth) for call in live_world.calls()} == {
            (acme.token.value, AuthWay.HEADER)
        }
    else:
        assert (seen.usage, seen.reasons) == (None, "tls")
        assert live_world.calls() == ()


def test_cookies_are_not_kept(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    cookies = tuple(("Set-Cookie", f"{name}=x; Max-Age=999") for name in ("datr", "sb"))
    live_world.inject(faults.ExtraHeaders(cookies))
    proxy = FaultProxy(live_simulator.port)
    with proxy.listening(), networked(workspace, live_world, proxy, timeout="5s"):
        eventually(lambda: len(live_world.calls()) >= 6)

    assert b"authorization: bearer" in proxy.sent.lower()
    assert b"cookie" not in proxy.sent.lower()
