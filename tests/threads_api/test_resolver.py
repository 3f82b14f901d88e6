import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from exporter.domain import FailureReason
from exporter.simulator import Simulator, User
from exporter.threads_api.network import Network
from exporter.threads_api.resolver import Address, Resolver
from tests.threads_api.callers import Caller, new_transport
from tests.threads_api.peers import full_host

_THREADS = 4


class ScriptedResolver(Resolver):
    """Answers every question alike: with these addresses, or by raising."""

    def __init__(self, *ports: int, failure: Exception | None = None) -> None:
        self._addresses = [_loopback(port) for port in ports]
        self._failure = failure
        super().__init__()

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        del host, port
        if self._failure is not None:
            raise self._failure
        return self._addresses


class StalledResolver(Resolver):
    """Answers no question before `resume`; `asked` are the hosts that were looked up."""

    def __init__(self) -> None:
        self.resume = threading.Event()
        self.asked: list[str] = []
        super().__init__()

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        self.resume.wait(30)
        return super().look_up(host, port)

    def close(self) -> None:
        super().close()
        self.resume.set()


def _loopback(port: int) -> Address:
    return socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)


@pytest.fixture
def stalled() -> Iterator[StalledResolver]:
    with closing(StalledResolver()) as resolver:
        yield resolver


def failure_with(resolver: Resolver, url: str, timeout: float) -> FailureReason | None:
    with (
        closing(Network(resolver)) as network,
        closing(new_transport(network, timeout=timeout)) as transport,
    ):
        return Caller(transport, url).failure()


def test_addresses_of_this_machine() -> None:
    with closing(Resolver()) as resolver:
        assert resolver.resolve("127.0.0.1", 80, 5) == [_loopback_with_protocol(80)]


def _loopback_with_protocol(port: int) -> Address:
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (socket.gaierror(-3, "again"), FailureReason.DNS),
        (UnicodeError("no name"), FailureReason.DNS),
        (TimeoutError("the system's own"), FailureReason.TIMEOUT),
    ],
)
def test_a_failing_look_up(failure: Exception, reason: FailureReason) -> None:
    resolver = ScriptedResolver(failure=failure)

    assert failure_with(resolver, "http://graph.invalid", 5) is reason


def test_a_name_with_no_address() -> None:
    assert failure_with(ScriptedResolver(), "http://graph.invalid", 5) is FailureReason.DNS


def test_failing_look_ups_do_not_end_the_threads() -> None:
    with closing(ScriptedResolver(failure=OverflowError("the port is out of range"))) as resolver:
        for _ in range(2 * _THREADS):
            with pytest.raises(OverflowError):
                resolver.resolve("graph.invalid", 1 << 70, 5)


def test_a_stalled_look_up_times_out(stalled: StalledResolver) -> None:
    with pytest.raises(TimeoutError):
        stalled.resolve("graph.invalid", 80, 0.05)
    assert failure_with(stalled, "http://graph.invalid", 0.05) is FailureReason.TIMEOUT


def test_what_nobody_waits_for_any_more_is_not_looked_up(stalled: StalledResolver) -> None:
    def give_up(number: int, timeout: float) -> None:
        with pytest.raises(TimeoutError):
            stalled.resolve(f"host-{number}", 80, timeout)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(give_up, range(_THREADS), [1.0] * _THREADS))
    for number in range(_THREADS, _THREADS + 3):
        give_up(number, 0.02)
    stalled.resume.set()

    assert stalled.resolve("127.0.0.1", 80, 5)
    assert sorted(stalled.asked) == ["127.0.0.1", *(f"host-{n}" for n in range(_THREADS))]


def test_closing_frees_those_who_wait(stalled: StalledResolver) -> None:
    raised: list[BaseException] = []

    def wait() -> None:
        with pytest.raises(TimeoutError, match="closed") as caught:
            stalled.resolve("graph.invalid", 80, 30)
        raised.append(caught.value)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    while not stalled.asked:
        thread.join(0.01)
    Resolver.close(stalled)
    thread.join(30)

    assert len(raised) == 1


def test_a_closed_resolver_answers_nobody(stalled: StalledResolver) -> None:
    stalled.close()

    with pytest.raises(TimeoutError, match="closed"):
        stalled.resolve("127.0.0.1", 80, 5)


def test_the_next_address_is_tried(simulator: Simulator, acme: User, closed_port: int) -> None:
    resolver = ScriptedResolver(closed_port, simulator.port)

    assert failure_with(resolver, "http://graph.invalid/v1.0", 5) is None


def test_a_dead_address_leaves_time_for_the_next(simulator: Simulator, acme: User) -> None:
    with full_host() as port:
        resolver = ScriptedResolver(port, simulator.port)

        assert failure_with(resolver, "http://graph.invalid/v1.0", 1) is None


def test_the_last_address_tells_the_reason(closed_port: int) -> None:
    resolver = ScriptedResolver(closed_port, closed_port)

    assert failure_with(resolver, "http://graph.invalid/v1.0", 5) is FailureReason.CONNECT
