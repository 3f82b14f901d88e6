"""F32: the listener's certificate expires, is rotated, or turns to garbage; nothing restarts."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.certificates import write_privately
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.scrape import Scrape, read_scrape
from tests.web_workspace import NAME, PASSWORD, WebWorkspace, users
from tests.workspace import Workspace

EXPIRY = "threads_exporter_web_certificate_expiry_timestamp_seconds"
RELOADED = "threads_exporter_config_last_reload_successful"
FIRST = datetime(2040, 1, 1, tzinfo=UTC)
SECOND = datetime(2041, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Listener:
    """A running exporter with TLS, as a client that trusts the authority sees it."""

    exporter: ExporterProcess
    web: WebWorkspace

    @property
    def url(self) -> str:
        return self.exporter.url.replace("http://", "https://")

    def scrape(self, password: str = PASSWORD) -> Scrape:
        return read_scrape(self.ask(password))

    def ask(self, password: str = PASSWORD) -> requests.Response:
        return requests.get(
            f"{self.url}/metrics",
            auth=(NAME, password),
            verify=str(self.web.ca_file),
            timeout=30,
        )

    def presented(self) -> str:
        """Return the certificate, whoever would trust it."""
        address = urlsplit(self.url)
        assert address.hostname
        assert address.port
        return ssl.get_server_certificate((address.hostname, address.port), timeout=30)

    def presents(self, certificate: Path) -> bool:
        own = certificate.read_text("utf-8").replace("\n", "")
        return self.presented().replace("\n", "") == own


@pytest.fixture
def listener(workspace: Workspace) -> Iterator[Listener]:
    web = WebWorkspace(workspace.folder)
    web.put_certificate(FIRST)
    web.write(basic_auth_users=users())
    with serving(workspace.configure(), f"--web.config.file={web.file}") as exporter:
        listener = Listener(exporter, web)
        listener.scrape()
        yield listener


def test_a_rotated_certificate_is_presented_without_a_restart(listener: Listener) -> None:
    before = listener.scrape().value(EXPIRY)
    pair = listener.web.put_certificate(SECOND)
    eventually(lambda: listener.presents(pair.cert))
    after = listener.scrape().value(EXPIRY)

    assert (before, after) == (FIRST.timestamp(), SECOND.timestamp())


def test_an_expired_certificate_shows_and_its_successor_is_taken_up(listener: Listener) -> None:
    expired = listener.web.authority.ca.issue_cert(
        "127.0.0.1", not_before=datetime(2000, 1, 1, tzinfo=UTC), not_after=LONG_AGO
    )
    folder = listener.web.folder
    write_privately(folder / "server.key", expired.private_key_pem.bytes())
    certificate = write_privately(folder / "server.pem", expired.cert_chain_pems[0].bytes())
    eventually(lambda: listener.presents(certificate))
    with pytest.raises(requests.exceptions.SSLError, match="expired"):
        listener.ask()
    listener.web.put_certificate(SECOND)

    eventually(lambda: is_trusted(listener))
    assert listener.scrape().value(EXPIRY) == SECOND.timestamp()


def is_trusted(listener: Listener) -> bool:
    try:
        return listener.ask().ok
    except requests.exceptions.SSLError:
        return False


def test_garbage_keeps_the_old_shows_and_is_mended_without_a_restart(listener: Listener) -> None:
    for number, name in enumerate(("server.pem", "server.key", "web.yml"), 1):
        file = listener.web.folder / name
        good = file.read_bytes()
        write_privately(file, b"garbage\n")
        eventually(lambda: listener.scrape().value(RELOADED) == 0)
        still = listener.scrape().value(EXPIRY)
        write_privately(file, good)
        eventually(lambda: listener.scrape().value(RELOADED) == 1)
        complaints = listener.exporter.output.count("not reloaded")

        assert (still, complaints) == (FIRST.timestamp(), number), name


def test_another_password_counts_without_a_restart(listener: Listener) -> None:
    before = listener.ask("changed").status_code
    listener.web.write(basic_auth_users=users("changed"))
    eventually(lambda: listener.ask("changed").status_code == 200)

    assert before == 401
    assert listener.ask(PASSWORD).status_code == 401
