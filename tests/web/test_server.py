import logging
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from exporter.web.addresses import ListenAddress, ListenError
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.web.stand_in import LOOPBACK, Gate, StandIn, fetch, serving


def make(*addresses: ListenAddress) -> WebServer:
    return WebServer(create_app(StandIn(), WebOptions("1")), addresses)


def refuses(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) != 0


def test_every_address_is_served_and_logged() -> None:
    server = make(LOOPBACK, ListenAddress("", 0))
    with capture_logs() as logs:
        server.start()
    status = fetch(server, "/-/healthy").status
    server.stop(1)

    first, second = server.addresses
    assert status == 200
    assert first.startswith("127.0.0.1:")
    assert second.startswith("[::]:")
    assert server.urls == (f"http://{first}", f"http://127.0.0.1:{second.rsplit(':', 1)[1]}")
    assert [(line["event"], line["address"]) for line in logs] == [
        ("listening", first),
        ("listening", second),
    ]


def test_a_taken_port_is_raised_and_nothing_is_left_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as own,
    ):
        free = ListenAddress(*own.getsockname())
        own.close()
        server = make(free, ListenAddress(*taken.getsockname()))
        with pytest.raises(ListenError, match="address already in use"):
            server.start()

    assert refuses(str(free))
    assert not server.alive


def test_a_server_is_alive_from_start_to_stop() -> None:
    server = make(LOOPBACK)
    before = server.alive
    server.start()
    running = server.alive
    server.stop(1)

    assert (before, running, server.alive) == (False, True, False)
    assert refuses(server.addresses[0])


def test_a_server_that_never_started_may_be_stopped() -> None:
    make(LOOPBACK).stop(1)


def test_stopping_finishes_what_is_in_flight() -> None:
    gate = Gate()
    backend = StandIn(before_exposing=gate.pass_through)
    with serving(backend) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(fetch, server, "/metrics")
        assert gate.reached.wait(10)
        stopping = pool.submit(server.stop, 10)
        while not refuses(server.addresses[0]):
            pass
        gate.opened.set()
        answer = held.result(10)
        stopping.result(10)

    assert (answer.status, answer.body) == (200, "up 1\n")


def test_stopping_cuts_what_does_not_finish() -> None:
    gate = Gate()
    backend = StandIn(before_exposing=gate.pass_through)
    with serving(backend) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(fetch, server, "/metrics")
        assert gate.reached.wait(10)
        with capture_logs() as logs:
            server.stop(0.1)
        alive = server.alive
        failure = held.exception(10)
        gate.opened.set()

    assert not alive
    assert isinstance(failure, ConnectionError)
    assert [line["event"] for line in logs] == ["connections cut", "request cut"]


def test_uvicorn_says_nothing_of_its_own_accord(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(StandIn()) as server:
        fetch(server, "/metrics?access_token=THQWJ")

    assert [entry for entry in caplog.records if entry.name.startswith("uvicorn")] == []
