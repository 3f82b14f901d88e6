import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from exporter.simulator import Simulator, User, World, faults
from exporter.simulator.connection import Connections
from tests.certificates import certificate_by_own_authority
from tests.simulator.conftest import Caller, error_of


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_by_own_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_simulator(world: World, certificate: Path) -> Iterator[Simulator]:
    key = certificate.with_name("key.pem")
    with Simulator(world, certificate=certificate, key=key) as simulator:
        yield simulator


def exchange(simulator: Simulator, request: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", simulator.port), timeout=30)) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def wait_for_calls(world: World, count: int) -> None:
    while world.log.total < count:
        time.sleep(0.001)


def test_a_connection_is_kept_alive(simulator: Simulator, caller: Caller) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {caller.token}"
        answers = [session.get(f"{simulator.base_url}/me", timeout=30) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert simulator.connections == 1


def test_many_callers_are_answered_at_once(simulator: Simulator, caller: Caller) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: caller.get("me").status_code, range(100)))

    assert statuses == [200] * 100
    assert simulator.world.log.total == 100


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/a/b/c"),
        ("GET", "/v1.0/me/insights"),
        ("GET", "/v2.0/me"),
        ("GET", "/v1.0"),
        ("POST", "/v1.0/me"),
    ],
)
def test_unknown_paths(simulator: Simulator, caller: Caller, method: str, path: str) -> None:
    root = simulator.base_url.removesuffix("/v1.0")

    answer = requests.request(method, root + path, timeout=30)

    assert error_of(answer) == (400, 2500, None)
    assert simulator.calls[0].endpoint == "unknown"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /v1.0/me HTTP/9.9\r\n\r\n",
        b"DELETE /v1.0/me HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_a_broken_request_is_refused_in_silence(
    simulator: Simulator, capfd: pytest.CaptureFixture[str], request_bytes: bytes
) -> None:
    assert exchange(simulator, request_bytes).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert capfd.readouterr() == ("", "")
    assert simulator.calls == ()


def test_a_wrong_content_length_counts_as_none(simulator: Simulator) -> None:
    request = b"POST /v1.0/me HTTP/1.1\r\nContent-Length: -7\r\nConnection: close\r\n\r\n"

    assert exchange(simulator, request).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_caller_that_leaves_is_passed_over(
    simulator: Simulator, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator.world.inject(faults.OversizedBody(10_000_000), times=1)
    with closing(socket.create_connection(("127.0.0.1", simulator.port), timeout=30)) as connection:
        connection.sendall(b"GET /v1.0/me HTTP/1.1\r\n\r\n")
        connection.recv(10)

    assert caller.get("me").status_code == 200
    simulator.stop()
    assert capfd.readouterr() == ("", "")


def test_a_mistake_in_the_simulator_itself_is_shown(
    simulator: Simulator, caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator.world.users.clear()

    with pytest.raises(requests.ConnectionError):
        caller.get("me")
    simulator.stop()

    assert "KeyError" in capfd.readouterr().err


def test_hung_calls_are_answered_once_released(
    world: World, simulator: Simulator, acme: User, caller: Caller
) -> None:
    world.inject(faults.Hang())
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(caller.get, "me") for _ in range(3)]
        wait_for_calls(world, 3)
        while not all(answer.done() for answer in answers):
            simulator.release_hung()

    assert [answer.result().json() for answer in answers] == [{"id": acme.user_id}] * 3


def test_a_hung_caller_that_leaves_frees_its_thread(
    world: World, simulator: Simulator, acme: User
) -> None:
    world.inject(faults.Hang())
    before = threading.active_count()

    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{simulator.base_url}/me", timeout=(30, 0.05))

    while threading.active_count() > before:
        time.sleep(0.001)


@pytest.mark.parametrize(
    "fault",
    [faults.Hang(), faults.Latency(60), faults.DrippingHeaders(60), faults.DrippingBody(60)],
)
def test_stopping_ends_what_is_under_way(world: World, caller: Caller, fault: faults.Fault) -> None:
    threads = threading.active_count()
    with Simulator(world) as simulator, ThreadPoolExecutor(5) as pool:
        world.inject(fault)
        calls = [pool.submit(Caller(simulator.base_url, caller.token).get, "me") for _ in range(5)]
        wait_for_calls(world, 5)
        simulator.stop()
        failures = [call.exception() for call in calls]

    assert all(isinstance(failure, requests.RequestException) for failure in failures)
    assert threading.active_count() == threads


def test_stopping_ends_idle_connections(world: World) -> None:
    with Simulator(world) as simulator:
        connection = socket.create_connection(("127.0.0.1", simulator.port), timeout=30)
        while simulator.connections == 0:
            time.sleep(0.001)

    with closing(connection):
        assert connection.recv(1) == b""


def test_a_connection_that_comes_too_late_is_dropped() -> None:
    connections = Connections()
    connections.stop(0)

    with socket.socket() as late, pytest.raises(ConnectionAbortedError):
        connections.add(late)


def test_what_is_not_started_has_no_address_and_stops_at_once() -> None:
    simulator = Simulator()

    simulator.stop()

    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.base_url


def test_a_stopped_simulator_starts_again(world: World, acme: User) -> None:
    simulator = Simulator(world)
    for _ in range(2):
        with simulator:
            caller = Caller(simulator.base_url, acme.token.value)
            assert caller.get("me").status_code == 200


def test_a_taken_port_is_an_error(simulator: Simulator) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        Simulator(port=simulator.port).start()


def test_tls_is_served_with_the_given_certificate(
    tls_simulator: Simulator, acme: User, certificate: Path
) -> None:
    answer = requests.get(
        f"{tls_simulator.base_url}/me",
        headers={"Authorization": f"Bearer {acme.token.value}"},
        verify=str(certificate),
        timeout=30,
    )

    assert tls_simulator.base_url.startswith("https://127.0.0.1:")
    assert answer.json() == {"id": acme.user_id}


def test_a_caller_that_distrusts_the_certificate_shows_no_token(
    tls_simulator: Simulator, acme: User, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        Caller(tls_simulator.base_url, acme.token.value).get("me")
    tls_simulator.stop()

    assert tls_simulator.calls == ()
    assert capfd.readouterr() == ("", "")


def test_a_silent_tls_caller_does_not_stop_the_others(
    tls_simulator: Simulator, acme: User, certificate: Path
) -> None:
    with closing(socket.create_connection(("127.0.0.1", tls_simulator.port), timeout=30)):
        answer = requests.get(f"{tls_simulator.base_url}/me", verify=str(certificate), timeout=30)

    assert answer.status_code == 400


def test_a_tls_connection_is_reset(
    world: World, tls_simulator: Simulator, certificate: Path
) -> None:
    world.inject(faults.ConnectionReset())
    trust = ssl.create_default_context(cafile=str(certificate))

    with (
        closing(socket.create_connection(("127.0.0.1", tls_simulator.port))) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as connection,
        # Python's TLS layer shows a reset as a mere end.
        socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as beneath,
    ):
        connection.sendall(b"GET /v1.0/me HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: beneath.recv(65_536), b""))
