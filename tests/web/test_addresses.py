import errno
import socket
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from exporter.web.addresses import (
    ListenAddress,
    ListenError,
    bind,
    bound_address,
    parse_listen_address,
    parse_telemetry_path,
    url_of,
)

ANY_IPV4 = str(IPv4Address(0))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":10068", ListenAddress("", 10068)),
        ("localhost:0", ListenAddress("localhost", 0)),
        ("127.0.0.1:65535", ListenAddress("127.0.0.1", 65535)),
        ("[::1]:9100", ListenAddress("::1", 9100)),
        ("[::]:9100", ListenAddress("::", 9100)),
        ("[fe80::1%eth0]:9100", ListenAddress("fe80::1%eth0", 9100)),
    ],
)
def test_listen_addresses_are_read_and_written(text: str, address: ListenAddress) -> None:
    assert parse_listen_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write host:port, [ipv6]:port or :port"),
        ("10068", "write host:port, [ipv6]:port or :port"),
        ("localhost", "write host:port, [ipv6]:port or :port"),
        ("localhost:", "write host:port, [ipv6]:port or :port"),
        ("localhost:http", "write host:port, [ipv6]:port or :port"),
        ("::1:9100", "write host:port, [ipv6]:port or :port"),
        ("http://localhost:1", "write host:port, [ipv6]:port or :port"),
        (":-1", "write host:port, [ipv6]:port or :port"),
        (":\u0661", "write host:port, [ipv6]:port or :port"),
        (":65536", "the port goes from 0 to 65535"),
        ("[localhost]:1", "[localhost] is no IPv6 address"),
    ],
)
def test_other_listen_addresses_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="listen address") as raised:
        parse_listen_address(text)

    assert str(raised.value) == f"listen address {text!r}: {problem}"


@pytest.mark.parametrize("path", ["/", "/metrics", "/threads/metrics", "/m_1.2-3~4", "/probes"])
def test_telemetry_paths_are_read(path: str) -> None:
    assert parse_telemetry_path(path) == path


@pytest.mark.parametrize("path", ["", "metrics", "/metrics/", "//m", "/{id}", "/a?b", "/a b", "/ä"])
def test_malformed_telemetry_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="as in /metrics"):
        parse_telemetry_path(path)


@pytest.mark.parametrize("path", ["/config", "/probe", "/-/healthy", "/-", "/api/v1/accounts"])
def test_telemetry_paths_that_are_taken_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="serves something else there"):
        parse_telemetry_path(path)


def reaches(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        return client.connect_ex((host, port)) == 0


@pytest.mark.parametrize("host", ["", "::"])
def test_without_a_host_both_families_are_listened_on(host: str) -> None:
    with bind(ListenAddress(host, 0)) as listener:
        address = bound_address(listener)

        assert address.host == "::"
        assert reaches(socket.AF_INET, "127.0.0.1", address.port)
        assert reaches(socket.AF_INET6, "::1", address.port)
        assert url_of(address) == f"http://127.0.0.1:{address.port}"


def test_without_ipv6_the_other_family_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)

    with bind(ListenAddress("", 0)) as listener:
        assert bound_address(listener).host == ANY_IPV4


def refusing_ipv6(number: int) -> Callable[..., socket.socket]:
    create = socket.create_server

    def create_server(address: tuple[str, int], **options: int) -> socket.socket:
        if options.get("family") == socket.AF_INET6:
            raise OSError(number, "no IPv6")
        return create(address, backlog=options["backlog"])

    return create_server


def test_where_ipv6_is_switched_off_the_other_family_is_listened_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "create_server", refusing_ipv6(errno.EADDRNOTAVAIL))

    with bind(ListenAddress("", 0)) as listener:
        assert bound_address(listener).host == ANY_IPV4


def test_a_privileged_port_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_server", refusing_ipv6(errno.EACCES))

    with pytest.raises(ListenError, match="choose a port from 1024 up, or grant CAP_NET_BIND"):
        bind(ListenAddress("", 80))


def test_one_address_is_listened_on_alone() -> None:
    with bind(ListenAddress("::1", 0)) as listener:
        address = bound_address(listener)

        assert url_of(address) == f"http://[::1]:{address.port}"
        assert not reaches(socket.AF_INET, "127.0.0.1", address.port)


def test_a_name_is_listened_on_at_its_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)

    with bind(ListenAddress("localhost", 0)) as listener:
        assert bound_address(listener).host == "127.0.0.1"


@pytest.mark.parametrize("host", ["", "127.0.0.1"])
def test_an_answer_in_parts_does_not_wait_for_acknowledgements(host: str) -> None:
    with bind(ListenAddress(host, 0)) as listener:
        where = "127.0.0.1", bound_address(listener).port
        with socket.create_connection(where), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_refused_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = bound_address(taken)
        with pytest.raises(ListenError) as raised:
            bind(address)

    assert str(raised.value) == (
        f"cannot listen on {address}: address already in use; "
        "stop what listens there or choose another --web.listen-address"
    )


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("192.0.2.1", "cannot assign requested address; this host has no such address; choose one"),
        ("no-such-host.invalid", "; choose another --web.listen-address"),
    ],
)
def test_a_host_that_is_not_this_one_is_refused(host: str, problem: str) -> None:
    with pytest.raises(ListenError, match=problem):
        bind(ListenAddress(host, 0))
