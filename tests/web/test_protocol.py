import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from structlog.testing import capture_logs

from exporter.domain import ConnectionEnd
from exporter.web.backend import WebOptions
from exporter.web.protocol import ConnectionLimits, Watch
from exporter.web.server import WebServer
from tests.eventually import eventually
from tests.web.stand_in import Gate, Noted, Page, StandIn, ask, connect, fetch, serving

HASTY = ConnectionLimits(request_deadline=1.0)
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def dial(server: WebServer) -> socket.socket:
    host, port = server.addresses[0].split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def received_until_closed(client: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := client.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def received_until(client: socket.socket, end: bytes, times: int = 1) -> bytes:
    received = b""
    while received.count(end) < times:
        chunk = client.recv(65536)
        assert chunk, received
        received += chunk
    return received


def closes_while_dripped_on(client: socket.socket, piece: bytes) -> bool:
    """Send a piece every 20 ms, for 15 s at most, and tell whether the server closed meanwhile."""
    client.settimeout(0.02)
    for _ in range(750):
        try:
            client.sendall(piece)
            received_until_closed(client)
        except TimeoutError:
            continue
        except BrokenPipeError:
            return True
        return True
    return False


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"z"),
    ],
)
def test_dripping_evades_no_deadline(start: bytes, piece: bytes) -> None:
    with serving(StandIn(), limits=HASTY) as server, dial(server) as client:
        client.sendall(start)

        assert closes_while_dripped_on(client, piece)


def test_a_body_that_drips_evades_no_deadline_while_the_answer_is_made() -> None:
    gate = Gate()
    backend = StandIn(before_exposing=gate.pass_through)
    with serving(backend, limits=HASTY) as server, dial(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
        assert gate.reached.wait(10)

        assert closes_while_dripped_on(client, b"z")
        gate.opened.set()


def test_the_deadline_holds_for_the_next_request_of_a_connection_too() -> None:
    with serving(StandIn(), limits=HASTY) as server, dial(server) as client:
        client.sendall(GET + b"GET /met")
        received = received_until_closed(client)

    assert received.count(b"HTTP/1.1 200 OK") == 1


def test_an_idle_connection_is_kept_for_the_next_request() -> None:
    with serving(StandIn(), limits=HASTY) as server, dial(server) as client:
        client.sendall(GET)
        first = received_until(client, b"up 1\n")
        client.settimeout(1.5)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        client.sendall(GET)
        second = received_until(client, b"up 1\n")

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.startswith(b"HTTP/1.1 200 OK")


def test_an_answer_may_take_longer_than_a_request() -> None:
    gate = Gate()
    backend = StandIn(before_exposing=gate.pass_through)
    with (
        serving(backend, limits=HASTY) as server,
        dial(server) as half_open,
        ThreadPoolExecutor() as pool,
    ):
        held = pool.submit(fetch, server, "/metrics")
        assert gate.reached.wait(10)
        half_open.sendall(b"G")
        received_until_closed(half_open)
        gate.opened.set()

        assert held.result(10).status == 200


def test_an_idle_connection_is_closed_in_time() -> None:
    limits = ConnectionLimits(keep_alive=0)
    with serving(StandIn(), limits=limits) as server, dial(server) as client:
        client.sendall(GET)
        received = received_until_closed(client)

    assert received.endswith(b"up 1\n")


def test_pipelined_requests_are_answered_in_turn() -> None:
    with serving(StandIn(), limits=HASTY) as server, dial(server) as client:
        client.sendall(GET * 3)
        received = received_until(client, b"up 1\n", 3)

    assert received.count(b"HTTP/1.1 200 OK") == 3


def test_a_body_that_nobody_wants_ends_the_connection() -> None:
    head = b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    with serving(StandIn()) as server, dial(server) as client:
        client.sendall(head)
        received = received_until_closed(client)

    assert received.startswith(b"HTTP/1.1 403 Forbidden")


def test_a_head_that_grows_past_the_limit_is_refused() -> None:
    with serving(StandIn()) as server, dial(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
        received = received_until_closed(client)

    assert received.startswith(b"HTTP/1.1 400 Bad Request")


def test_what_is_no_http_is_refused() -> None:
    with serving(StandIn()) as server, dial(server) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        received = received_until_closed(client)

    assert received.startswith(b"HTTP/1.1 400 Bad Request")


def test_a_full_table_gives_up_its_oldest_idle_connection() -> None:
    limits = ConnectionLimits(connections=2)
    with (
        serving(StandIn(), limits=limits) as server,
        dial(server) as oldest,
        dial(server) as younger,
    ):
        oldest.sendall(b"GET")
        younger.sendall(GET)
        received_until(younger, b"up 1\n")
        scrape = fetch(server, "/metrics")
        closed = received_until_closed(oldest)
        younger.sendall(GET)
        still = received_until(younger, b"up 1\n")

    assert (scrape.status, closed) == (200, b"")
    assert still.startswith(b"HTTP/1.1 200 OK")


def test_a_table_full_of_requests_in_flight_refuses_the_next_connection() -> None:
    gate = Gate()
    backend = StandIn(before_exposing=gate.pass_through)
    limits = ConnectionLimits(connections=1)
    with serving(backend, limits=limits) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(fetch, server, "/metrics")
        assert gate.reached.wait(10)
        with dial(server) as refused:
            received = received_until_closed(refused)
        gate.opened.set()
        status = held.result(10).status

    assert (received, status) == (b"", 200)


def test_a_client_that_takes_no_answer_is_cut() -> None:
    body = b"x" * 20_000_000
    limits = ConnectionLimits(response_deadline=0.2)
    with serving(StandIn(page=Page([body])), limits=limits) as server, dial(server) as client:
        client.sendall(GET)
        client.recv(1)
        with capture_logs() as logs:
            server.stop(10)
        received = received_until_closed(client)

    assert len(received) < len(body)
    assert logs == []


def dial_with_little_room(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(30)
    client.connect(("127.0.0.1", port))
    return client


def bytes_in_flight() -> int:
    """Return how much the kernel takes for a client that reads nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        dial_with_little_room(listener.getsockname()[1]),
        listener.accept()[0] as connection,
    ):
        connection.settimeout(0)
        sent = connection.send(GET)
        with suppress(BlockingIOError):
            while True:
                sent += connection.send(b"x" * 256 * 1024)
        return sent


def test_a_client_that_leaves_but_the_last_of_an_answer_is_cut_too() -> None:
    around = bytes_in_flight()
    backend, watch = StandIn(), Noted()
    limits = ConnectionLimits(response_deadline=1.0, keep_alive=1)
    with (
        serving(backend, limits=limits, watch=Watch(watch)) as server,
        ExitStack() as open_sockets,
    ):
        port = int(server.addresses[0].rsplit(":", 1)[1])
        for size in range(around - 120_000, around + 200_000, 10_000):
            backend.page = Page([b"x" * size])
            client = open_sockets.enter_context(dial_with_little_room(port))
            client.sendall(GET)
            client.recv(1)
        eventually(lambda: watch.connections == 0)

    assert watch.ended[ConnectionEnd.RESPONSE] > 0


def test_a_client_that_takes_a_large_answer_gets_all_of_it() -> None:
    body = b"x" * 20_000_000
    with serving(StandIn(page=Page([body]))) as server:
        assert len(fetch(server, "/metrics").body) == len(body)


def test_a_connection_outlives_a_large_answer() -> None:
    body = b"x" * 20_000_000 + b"end"
    limits = ConnectionLimits(response_deadline=1.0)
    with serving(StandIn(page=Page([body])), limits=limits) as server, dial(server) as client:
        client.sendall(GET)
        received = bytearray()
        while not received.endswith(b"end"):
            received += client.recv(1 << 20)
        client.settimeout(1.5)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_the_file_descriptors_bound_the_connections() -> None:
    limits = ConnectionLimits(connections=512)

    assert limits.within(256).connections == 128
    assert limits.within(65536).connections == 512
    assert limits.within(-1).connections == 512


def test_connections_are_kept_between_scrapes() -> None:
    with serving(StandIn(), WebOptions("1")) as server:
        connection = connect(server)
        statuses = [ask(connection, "/metrics").status for _ in range(3)]
        connection.close()

    assert statuses == [200, 200, 200]
