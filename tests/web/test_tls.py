import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from exporter.config.web_config import load_web_settings
from exporter.config.web_settings import TlsSettings
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.protocol import ConnectionLimits
from exporter.web.server import WebServer
from tests.certificates import Authority, KeyPair, write_privately
from tests.web.stand_in import LOOPBACK, StandIn
from tests.web.test_protocol import dial, received_until, received_until_closed

HASTY = ConnectionLimits(handshake_deadline=1.0)
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Secured:
    """A server with TLS, its files in a folder; `settings` may be changed while it runs."""

    folder: Path
    authority: Authority = field(init=False)
    settings: TlsSettings = field(init=False)

    def __post_init__(self) -> None:
        self.authority = Authority(self.folder)
        self.renew("first")

    def renew(self, name: str, **more: object) -> None:
        """Take another certificate of the authority, and other terms."""
        pair = self.authority.issue(name)
        lines = {"cert_file": str(pair.cert), "key_file": str(pair.key), **more}
        content = "tls_server_config:\n" + "".join(f"  {key}: {lines[key]}\n" for key in lines)
        file = write_privately(self.folder / "web.yml", content.encode())
        tls = load_web_settings(file).tls
        assert tls is not None
        self.settings = tls

    @contextmanager
    def serving(self, limits: ConnectionLimits | None = None) -> Iterator[WebServer]:
        app = create_app(StandIn(), WebOptions("1"))
        server = WebServer(app, [LOOPBACK], limits, tls=lambda: self.settings)
        server.start()
        try:
            yield server
        finally:
            server.stop(10)

    def get(self, server: WebServer, pair: KeyPair | None = None) -> requests.Response:
        return requests.get(
            f"{server.urls[0]}/metrics",
            verify=str(self.authority.file),
            cert=pair.files if pair else None,
            timeout=30,
        )

    def dial(self, server: WebServer) -> ssl.SSLSocket:
        return self.context().wrap_socket(dial(server), server_hostname="127.0.0.1")

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority.file)


@pytest.fixture
def secured(tmp_path: Path) -> Secured:
    return Secured(tmp_path)


def is_let_in(secured: Secured, server: WebServer, pair: KeyPair | None) -> bool:
    try:
        return secured.get(server, pair).status_code == 200
    except requests.ConnectionError:
        return False


def test_answers_over_tls(secured: Secured) -> None:
    with secured.serving() as server:
        answer = secured.get(server)

    assert (answer.status_code, answer.text) == (200, "up 1\n")
    assert server.urls[0].startswith("https://127.0.0.1:")


def test_plain_http_is_not_answered(secured: Secured) -> None:
    with secured.serving() as server, dial(server) as client:
        client.sendall(GET)

        assert b"HTTP" not in received_until_closed(client)


@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_who_shakes_no_hands_holds_up_no_scrape_and_is_closed(
    secured: Secured, start: bytes
) -> None:
    with secured.serving(HASTY) as server, ExitStack() as open_sockets:
        silent = [open_sockets.enter_context(dial(server)) for _ in range(60)]
        for client in silent:
            client.sendall(start)
        answer = secured.get(server)
        received = {received_until_closed(client) for client in silent}

    assert answer.status_code == 200
    assert received == {b""}


def test_who_shakes_no_hands_gives_way_when_the_table_is_full(secured: Secured) -> None:
    limits = ConnectionLimits(connections=2, handshake_deadline=60.0)
    with secured.serving(limits) as server, dial(server) as oldest, dial(server):
        answer = secured.get(server)

        assert received_until_closed(oldest) == b""
    assert answer.status_code == 200


def test_a_server_with_silent_clients_stops_at_once(secured: Secured) -> None:
    limits = ConnectionLimits(handshake_deadline=60.0)
    with secured.serving(limits) as server, dial(server) as silent:
        assert secured.get(server).status_code == 200
        server.stop(30)

        assert received_until_closed(silent) == b""
        assert not server.alive


def test_what_comes_with_the_end_of_the_handshake_is_answered(secured: Secured) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = secured.context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    received = b""
    with secured.serving() as server, dial(server) as client:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.sendall(outgoing.read())
                incoming.write(client.recv(65536))
        tls.write(GET)
        client.sendall(outgoing.read())
        while not received.endswith(b"up 1\n"):
            incoming.write(client.recv(65536))
            with ExitStack() as until_empty:
                until_empty.push(lambda kind, *_: kind is ssl.SSLWantReadError)
                while record := tls.read(65536):
                    received += record

    assert received.startswith(b"HTTP/1.1 200 OK")


def test_a_new_certificate_is_for_the_next_connection(secured: Secured) -> None:
    with secured.serving() as server, secured.dial(server) as kept:
        secured.renew("second")
        with secured.dial(server) as later:
            serials = {_serial(kept), _serial(later)}
        kept.sendall(GET)
        answer = received_until(kept, b"up 1\n")

    assert len(serials) == 2
    assert answer.startswith(b"HTTP/1.1 200 OK")


def _serial(connection: ssl.SSLSocket) -> object:
    certificate = connection.getpeercert()
    assert certificate is not None
    return certificate["serialNumber"]


def test_the_version_is_one_that_is_allowed(secured: Secured) -> None:
    context = secured.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    secured.renew("server", min_version="TLS13")
    with (
        secured.serving() as server,
        dial(server) as client,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(client, server_hostname="127.0.0.1")


class TestClients:
    @pytest.mark.parametrize(
        ("kind", "ca", "let_in"),
        [
            ("NoClientCert", None, {"none", "own", "foreign"}),
            ("RequestClientCert", None, {"none", "own", "foreign"}),
            ("VerifyClientCertIfGiven", "own", {"none", "own"}),
            ("RequireAnyClientCert", "own", {"own"}),
            ("RequireAndVerifyClientCert", "own", {"own"}),
            ("RequireAndVerifyClientCert", None, set[str]()),
        ],
    )
    def test_are_let_in_as_their_certificates_are(
        self, secured: Secured, tmp_path: Path, kind: str, ca: str | None, let_in: set[str]
    ) -> None:
        presented = {
            "none": None,
            "own": secured.authority.issue("own"),
            "foreign": Authority(tmp_path, "foreign-ca").issue("foreign"),
        }
        more = {"client_ca_file": secured.authority.file} if ca else {}
        secured.renew("server", client_auth_type=kind, **more)
        with secured.serving() as server:
            found = {name for name, pair in presented.items() if is_let_in(secured, server, pair)}

        assert found == let_in

    @pytest.mark.parametrize(
        ("identity", "allowed", "outcome"),
        [
            ("prometheus.example", "[other.example, prometheus.example]", "in"),
            ("prometheus.example", "[other.example]", "out"),
            ("prometheus.example", "[PROMETHEUS.example, '*.example']", "out"),
            ("10.0.0.1", "[10.0.0.1]", "in"),
            ("2001:db8::1", "['2001:db8::1']", "in"),
            ("scraper@example.org", "[scraper@example.org]", "in"),
        ],
    )
    def test_are_let_in_by_their_names(
        self, secured: Secured, identity: str, allowed: str, outcome: str
    ) -> None:
        secured.renew(
            "server",
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file=secured.authority.file,
            client_allowed_sans=allowed,
        )
        pair = secured.authority.issue("client", identity)
        with secured.serving() as server:
            assert is_let_in(secured, server, pair) is (outcome == "in")

    def test_that_have_no_names_are_kept_out(self, secured: Secured, tmp_path: Path) -> None:
        secured.renew(
            "server",
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file=secured.authority.file,
            client_allowed_sans="[x]",
        )
        issued = secured.authority.ca.issue_cert(common_name="x")
        pair = KeyPair(
            write_privately(tmp_path / "nameless.pem", issued.cert_chain_pems[0].bytes()),
            write_privately(tmp_path / "nameless.key", issued.private_key_pem.bytes()),
        )
        with secured.serving() as server:
            assert not is_let_in(secured, server, pair)


def test_a_failed_handshake_takes_up_no_room(secured: Secured) -> None:
    with secured.serving(ConnectionLimits(connections=2)) as server, secured.dial(server) as kept:
        for _ in range(3):
            with dial(server) as client:
                client.sendall(GET)
                received_until_closed(client)
        kept.sendall(GET)

        assert received_until(kept, b"up 1\n").startswith(b"HTTP/1.1 200 OK")


def test_a_connection_that_is_reset_in_mid_handshake_leaves_nothing(secured: Secured) -> None:
    with secured.serving(ConnectionLimits(connections=1)) as server:
        for _ in range(5):
            with dial(server) as client:
                client.sendall(b"\x16\x03\x01")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

        assert secured.get(server).status_code == 200
