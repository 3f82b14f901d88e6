"""How long a call waits for the store: about a second, once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from exporter.containers.ledger import CallLedger, Entry, Hours
from exporter.containers.store import ContainerStore
from exporter.containers.time_limit import POLLS_WAIT_SECONDS, time_left, time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from exporter.polling.budget import CallBudget
from tests.clock import ControlledClock

OWNERS = [f"acme-{number}" for number in range(1_500)]


class Ledger(CallLedger):
    """A ledger that tells how each settling went about it, and can be halted."""

    settled: list[tuple[int, float]]
    goes_on: Event
    halted: Event
    forgets = True

    def settle(
        self,
        owners: Collection[str],
        since: int,
        decide: Callable[[Mapping[str, Hours]], Mapping[Entry, int]],
    ) -> None:
        self.settled.append((len(owners), time_left()))
        self.halted.set()
        assert self.goes_on.wait(60)
        super().settle(owners, since, decide)

    def forget(self, before: int) -> None:
        if not self.forgets:
            raise StoreError(StoreTrouble.LOCKED, "is locked")
        super().forget(before)


class Store(ContainerStore):
    @property
    def ledger(self) -> Ledger:
        ledger = Ledger(self._backend, self.transaction)
        ledger.settled, ledger.goes_on, ledger.halted = [], Event(), Event()
        ledger.goes_on.set()
        return ledger


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'threads-exporter.db'}", timeout=60.0)
    store.open()
    yield store
    store.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger


@contextmanager
def at_work(work: Callable[[], object]) -> Iterator[None]:
    thread = Thread(target=work)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


def test_what_a_call_waits_for_is_limited_and_upkeep_is_not(
    ledger: Ledger, clock: ControlledClock
) -> None:
    budget = CallBudget(clock, 2400, ledger)
    budget.adopt(["acme"])
    budget.spend("zebra")
    budget.keep()

    adopting, spending, keeping = (limit for _, limit in ledger.settled)
    assert spending <= POLLS_WAIT_SECONDS
    assert adopting == keeping == float("inf")


def test_a_call_waits_for_others_no_longer_than_for_the_store(
    ledger: Ledger, clock: ControlledClock
) -> None:
    troubles: list[StoreTrouble] = []
    budget = CallBudget(clock, 2400, ledger, troubles.append)
    budget.adopt([])
    ledger.goes_on.clear()
    ledger.halted.clear()
    with capture_logs() as logs, at_work(lambda: budget.adopt(["acme"])):
        assert ledger.halted.wait(60)
        before = len(ledger.settled)
        with time_limit(0.0):
            granted = budget.spend("zebra")
        again = budget.spend("acme")
        was_kept = budget.is_kept
        asked = len(ledger.settled) - before
        ledger.goes_on.set()

    assert (granted, again, was_kept, asked) == (True, True, False, 0)
    assert troubles == [StoreTrouble.LOCKED]
    assert [line["event"] for line in logs] == [
        "calls are counted in memory",
        "calls are counted in the store again",
    ]


def test_calls_that_did_not_wait_are_in_the_store_once_it_is_free(
    store: Store, clock: ControlledClock
) -> None:
    ledger = store.ledger
    budget = CallBudget(clock, 2400, ledger)
    budget.adopt(["zebra"])
    ledger.goes_on.clear()
    ledger.halted.clear()
    with at_work(budget.keep):
        assert ledger.halted.wait(60)
        with time_limit(0.0):
            made = sum(budget.spend("acme") for _ in range(20))
        ledger.goes_on.set()
    budget.keep()

    after_a_kill = CallBudget(clock, 2400, store.ledger)
    after_a_kill.adopt(["acme"])
    assert made == 20
    assert after_a_kill.spent("acme") >= 20


def test_a_call_tops_up_no_more_than_a_thousand_accounts(
    ledger: Ledger, clock: ControlledClock
) -> None:
    budget = CallBudget(clock, 2400, ledger)
    budget.adopt(OWNERS)
    budget.keep()
    for owner in OWNERS:
        for _ in range(5):
            budget.spend(owner)
    ledger.settled.clear()

    while not ledger.settled:
        budget.spend("acme-0")
    budget.keep()

    by_the_call, by_upkeep = (number for number, _ in ledger.settled)
    assert by_the_call <= 1_000
    assert by_the_call + by_upkeep == len(OWNERS)


def test_a_store_that_is_free_again_is_noticed_though_nothing_is_to_be_written(
    ledger: Ledger, clock: ControlledClock
) -> None:
    budget = CallBudget(clock, 2400, ledger)
    budget.adopt(["acme"])
    ledger.forgets = False
    budget.keep()
    before = budget.is_kept
    budget.keep()

    assert (before, budget.is_kept) == (False, True)
