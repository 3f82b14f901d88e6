import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.domain import FailureReason
from exporter.simulator import Simulator, User, World, faults
from exporter.simulator.faults import Fault
from exporter.threads_api import connections
from tests.threads_api.callers import Caller
from tests.threads_api.certificates import Certificate, Certificates
from tests.threads_api.conftest import OpenTransport
from tests.threads_api.peers import (
    Proxy,
    dripping_host,
    has_ipv6,
    recording_host,
)

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@contextmanager
def tls_simulator(world: World, server: Certificate) -> Iterator[Simulator]:
    with Simulator(world, certificate=server.certificate, key=server.key) as simulator:
        yield simulator


@pytest.fixture
def secured(world: World, acme: User, certificates: Certificates) -> Iterator[Simulator]:
    with tls_simulator(world, certificates.local) as simulator:
        yield simulator


def test_tls_by_a_configured_authority(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates
) -> None:
    caller = Caller(open_transport(ca_file=certificates.authority), secured.base_url)

    assert [caller.status() for _ in range(3)] == [200] * 3
    assert secured.connections == 1


@pytest.mark.parametrize("fault", [faults.Hang(), faults.DrippingBody(0.1)], ids=["hang", "drip"])
def test_a_slow_answer_over_tls_is_cut(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates, fault: Fault
) -> None:
    caller = Caller(open_transport(ca_file=certificates.authority, timeout=0.5), secured.base_url)
    assert caller.status() == 200
    began = time.monotonic()
    secured.world.inject(fault, times=1)

    assert caller.failure() is FailureReason.TIMEOUT
    assert time.monotonic() - began < 10
    assert caller.status() == 200
    assert secured.connections == 2


def test_a_tls_socket_keeps_a_timeout_until_it_gets_another() -> None:
    near, far = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.sslsocket_class = connections.SteadySocket
    with far, context.wrap_socket(near, do_handshake_on_connect=False) as sock:
        for timeout in (5.0, 5.0, None, None, 0.0):
            sock.settimeout(timeout)
            assert sock.gettimeout() == timeout


def test_the_host_name_is_checked_against_the_certificate(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates
) -> None:
    by_name = f"https://localhost:{secured.port}/v1.0"
    caller = Caller(open_transport(ca_file=certificates.authority), by_name)

    assert caller.status() == 200


def test_authorities_are_loaded_once(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    shutil.copy(certificates.authority, authority)
    transport = open_transport(ca_file=authority)
    authority.unlink()
    caller = Caller(transport, secured.base_url)

    assert caller.status() == 200
    transport.close()
    assert caller.status() == 200
    assert secured.connections == 2


def test_an_unknown_authority_is_not_trusted(
    open_transport: OpenTransport, secured: Simulator
) -> None:
    caller = Caller(open_transport(), secured.base_url)

    assert caller.failure() is FailureReason.TLS
    assert secured.connections == 1
    assert secured.calls == ()


@pytest.mark.parametrize("defect", ["other_host", "expired"])
def test_a_defective_certificate_is_not_trusted(
    open_transport: OpenTransport,
    world: World,
    acme: User,
    certificates: Certificates,
    defect: str,
) -> None:
    server: Certificate = getattr(certificates, defect)
    with tls_simulator(world, server) as simulator:
        caller = Caller(open_transport(ca_file=certificates.authority), simulator.base_url)

        assert caller.failure() is FailureReason.TLS
        assert simulator.connections == 1
    assert world.calls() == ()


def test_plain_http_where_tls_is_expected(caller: Caller, simulator: Simulator) -> None:
    secure = Caller(caller.transport, simulator.base_url.replace("http:", "https:"))

    assert secure.failure() is FailureReason.TLS
    assert simulator.calls == ()


def test_tls_where_plain_http_is_expected(caller: Caller, secured: Simulator) -> None:
    plain = Caller(caller.transport, secured.base_url.replace("https:", "http:"))

    assert plain.failure() in {FailureReason.TRUNCATED, FailureReason.CONNECT}
    assert secured.calls == ()


def test_a_handshake_that_is_aborted(caller: Caller) -> None:
    handshake_failure = b"\x15\x03\x03\x00\x02\x02\x28"
    with dripping_host(handshake_failure, b"", 5) as port:
        assert Caller(caller.transport, f"https://127.0.0.1:{port}").failure() is FailureReason.TLS


def test_plain_http_by_a_proxy(
    open_transport: OpenTransport, simulator: Simulator, acme: User
) -> None:
    proxy = Proxy()
    with proxy.running() as port:
        transport = open_transport(proxy_url=f"http://127.0.0.1:{port}")

        assert Caller(transport, simulator.base_url).status() == 200
        transport.close()

    assert proxy.asked == [f"GET {simulator.base_url}/me"]
    assert [call.token for call in simulator.calls] == ["sim-token-acme"]


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_tls_through_a_proxy(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates, host: str
) -> None:
    proxy = Proxy(host)
    in_url = f"[{host}]" if ":" in host else host
    with proxy.running() as port:
        transport = open_transport(
            ca_file=certificates.authority, proxy_url=f"http://{in_url}:{port}"
        )
        caller = Caller(transport, secured.base_url)

        assert [caller.status(), caller.status()] == [200, 200]
        transport.close()

    assert proxy.asked == [f"CONNECT 127.0.0.1:{secured.port}"]
    assert b"sim-token-acme" not in b"".join(proxy.heads)
    assert [call.token for call in secured.calls] == ["sim-token-acme"] * 2


def test_tls_through_a_proxy_that_is_reached_by_tls(
    open_transport: OpenTransport, secured: Simulator, certificates: Certificates
) -> None:
    proxy = Proxy(certificate=certificates.local)
    with proxy.running() as port:
        transport = open_transport(
            ca_file=certificates.authority, proxy_url=f"https://127.0.0.1:{port}"
        )
        caller = Caller(transport, secured.base_url)

        assert [caller.status(), caller.status()] == [200, 200]
        transport.close()

    assert proxy.asked == [f"CONNECT 127.0.0.1:{secured.port}"]
    assert len(secured.calls) == 2


def test_the_server_behind_a_proxy_must_be_trusted_too(
    open_transport: OpenTransport, secured: Simulator
) -> None:
    proxy = Proxy()
    with proxy.running() as port:
        caller = Caller(open_transport(proxy_url=f"http://127.0.0.1:{port}"), secured.base_url)

        assert caller.failure() is FailureReason.TLS

    assert secured.calls == ()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(
    open_transport: OpenTransport, simulator: Simulator, closed_port: int, scheme: str
) -> None:
    transport = open_transport(proxy_url=f"http://127.0.0.1:{closed_port}")
    caller = Caller(transport, simulator.base_url.replace("http:", f"{scheme}:"))

    assert caller.failure() is FailureReason.CONNECT
    assert simulator.connections == 0


def test_a_proxy_that_refuses(open_transport: OpenTransport, secured: Simulator) -> None:
    with dripping_host(b"HTTP/1.1 403 Forbidden\r\n\r\n", b"", 5) as port:
        transport = open_transport(proxy_url=f"http://127.0.0.1:{port}")

        assert Caller(transport, secured.base_url).failure() is FailureReason.CONNECT


def test_a_proxy_that_hangs_is_left(open_transport: OpenTransport, secured: Simulator) -> None:
    with dripping_host(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02) as port:
        transport = open_transport(proxy_url=f"http://127.0.0.1:{port}", timeout=0.3)
        began = time.monotonic()

        assert Caller(transport, secured.base_url).failure() is FailureReason.TIMEOUT
        assert time.monotonic() - began < 10


@needs_ipv6
def test_an_ipv6_address(caller: Caller) -> None:
    with recording_host(b"HTTP/1.1 200 OK\r\n\r\n{}", "::1") as (port, heads):
        assert Caller(caller.transport, f"http://[::1]:{port}").status() == 200

    assert f"Host: [::1]:{port}\r\n" in heads[0]
