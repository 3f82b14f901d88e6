import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from exporter.domain import FailureReason
from exporter.simulator import Simulator, World, faults
from exporter.simulator.faults import Fault
from exporter.threads_api.deadline import DeadlineKeeper
from exporter.threads_api.network import Network
from tests.threads_api.callers import Caller, new_transport
from tests.threads_api.peers import connects_under_way, dripping_host, full_host, silent_host

_SOON = 10.0
_SLOW = [faults.Hang(), faults.DrippingHeaders(0.1), faults.DrippingBody(0.5), faults.Latency(30)]
_UNENDING_TLS_RECORD = b"\x16\x03\x03\x40\x00"


@pytest.fixture(autouse=True)
def cut_soon() -> Iterator[None]:
    """See that the calls ended long before their peers would have ended them."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < _SOON


@pytest.fixture
def patient(network: Network, simulator: Simulator) -> Iterator[Caller]:
    """Return a caller who would wait for long."""
    with closing(new_transport(network, timeout=30)) as transport:
        yield Caller(transport, simulator.base_url)


@contextmanager
def calling(caller: Caller) -> Iterator[list[FailureReason | None]]:
    """Call in another thread, which must have ended soon after the block; yield what came of it."""
    reasons: list[FailureReason | None] = []
    thread = threading.Thread(target=lambda: reasons.append(caller.failure()), daemon=True)
    thread.start()
    yield reasons
    thread.join(_SOON)
    assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("fault", _SLOW, ids=lambda fault: type(fault).__name__)
def test_a_slow_answer_is_cut(hurried: Caller, world: World, fault: Fault) -> None:
    world.inject(fault, times=1)

    assert hurried.failure() is FailureReason.TIMEOUT
    assert hurried.failure() is None


@pytest.mark.parametrize("fault", _SLOW, ids=lambda fault: type(fault).__name__)
def test_a_slow_answer_on_a_kept_connection_is_cut(
    hurried: Caller, world: World, simulator: Simulator, fault: Fault
) -> None:
    assert hurried.failure() is None
    world.inject(fault, times=1)

    assert hurried.failure() is FailureReason.TIMEOUT
    assert simulator.connections == 1
    assert hurried.failure() is None
    assert simulator.connections == 2


def test_a_silent_tls_handshake_is_cut(hurried: Caller) -> None:
    with silent_host() as port:
        host = Caller(hurried.transport, f"https://127.0.0.1:{port}")

        assert host.failure() is FailureReason.TIMEOUT


def test_a_dripping_tls_handshake_is_cut(hurried: Caller) -> None:
    with dripping_host(_UNENDING_TLS_RECORD, b"\0", 0.05) as port:
        host = Caller(hurried.transport, f"https://127.0.0.1:{port}")

        assert host.failure() is FailureReason.TIMEOUT


@pytest.mark.parametrize("header", [b"", b"Connection: close\r\nContent-Length: 9999\r\n"])
def test_a_dripping_answer_after_which_the_connection_ends_is_cut(
    hurried: Caller, header: bytes
) -> None:
    with dripping_host(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n", b" ", 0.05) as port:
        began = time.monotonic()
        host = Caller(hurried.transport, f"http://127.0.0.1:{port}")

        assert host.failure() is FailureReason.TIMEOUT
        assert time.monotonic() - began < _SOON


def test_endless_interim_answers_are_cut(hurried: Caller) -> None:
    with dripping_host(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05) as port:
        host = Caller(hurried.transport, f"http://127.0.0.1:{port}")

        assert host.failure() is FailureReason.TIMEOUT


def test_a_host_that_takes_no_connection_is_left(hurried: Caller) -> None:
    with full_host() as port:
        host = Caller(hurried.transport, f"http://127.0.0.1:{port}")

        assert host.failure() is FailureReason.TIMEOUT


def test_closing_the_network_cuts_a_hanging_call(
    network: Network, patient: Caller, world: World
) -> None:
    world.inject(faults.Hang())

    with calling(patient) as reasons:
        wait_until(lambda: bool(world.calls()))
        network.close()

    assert reasons == [FailureReason.TIMEOUT]


def test_closing_the_network_cuts_a_connect(network: Network, patient: Caller) -> None:
    with full_host() as port:
        before = connects_under_way(port)
        with calling(Caller(patient.transport, f"http://127.0.0.1:{port}")) as reasons:
            wait_until(lambda: connects_under_way(port) > before)
            network.close()

    assert reasons == [FailureReason.TIMEOUT]


def test_after_the_network_is_closed_calls_fail_at_once(network: Network, patient: Caller) -> None:
    assert patient.failure() is None
    network.close()

    with calling(patient) as on_a_new_connection:
        pass
    assert on_a_new_connection == [FailureReason.TIMEOUT]
    assert patient.failure() is FailureReason.TIMEOUT


def test_a_closed_network_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    network = Network()
    dead_before = list(network.dead_threads())
    started = set(threading.enumerate()) - before
    assert len(started) == 5

    network.close()
    for thread in started:
        thread.join(_SOON)

    assert dead_before == []
    assert set(network.dead_threads()) == {thread.name for thread in started}


def test_deadlines_pass_in_their_own_order() -> None:
    passed: list[float] = []

    def expire(seconds: float) -> None:
        with keeper.limit(seconds) as deadline:
            wait_until(lambda: deadline.passed)
            passed.append(seconds)

    with closing(DeadlineKeeper()) as keeper:
        threads = [threading.Thread(target=expire, args=(s,)) for s in (1.0, 0.5, 0.01)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_SOON)

    assert passed == [0.01, 0.5, 1.0]


def test_a_lifted_deadline_does_not_pass() -> None:
    with closing(DeadlineKeeper()) as keeper, keeper.limit(600) as deadline:
        assert 0 < deadline.remaining() <= 600

    assert not deadline.passed


def test_a_passed_deadline_has_nothing_remaining() -> None:
    keeper = DeadlineKeeper()
    keeper.close()

    with keeper.limit(600) as deadline:
        assert deadline.passed
        assert deadline.remaining() == 0
        with pytest.raises(TimeoutError):
            deadline.check()
