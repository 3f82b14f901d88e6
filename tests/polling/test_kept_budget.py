"""The call budget in a store: it outlives a process, and is shared by those that run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.containers.rows import StoredState
from exporter.containers.store import ContainerStore
from exporter.domain import StoreTrouble
from exporter.polling.budget import CallBudget
from tests.clock import ControlledClock
from tests.containers.postgresql_server import PostgresqlServer
from tests.polling.bench import DAY, HOUR

pytest_plugins = ("tests.containers.backends",)

BLOCK = 8
SLOT = 300.0


@contextmanager
def process(
    url: str, clock: ControlledClock, limit: int = 2400, *owners: str
) -> Iterator[CallBudget]:
    """Give the budget of a process that is killed at the end, unless it was closed."""
    store = ContainerStore(url, timeout=60.0)
    store.open()
    budget = CallBudget(clock, limit, store.calls)
    budget.adopt(owners or ["acme"])
    try:
        yield budget
    finally:
        store.close()


def spend(budget: CallBudget, calls: int, owner: str = "acme") -> int:
    return sum(budget.spend(owner) for _ in range(calls))


def stored(url: str) -> dict[tuple[str, int], int]:
    store = ContainerStore(url)
    store.open()
    found: dict[tuple[str, int], int] = {}

    def look(entries: object) -> dict[tuple[str, int], int]:
        assert isinstance(entries, dict)
        found.update(
            {(owner, hour): n for owner, hours in entries.items() for hour, n in hours.items()}
        )
        return {}

    store.calls.settle(["acme", "zebra"], 0, look)
    store.close()
    return found


def hour(clock: ControlledClock) -> int:
    return int(clock.wall() // HOUR)


def test_a_clean_stop_leaves_in_the_store_what_was_spent(
    store_url: str, clock: ControlledClock
) -> None:
    with process(store_url, clock, 2400, "acme", "zebra") as budget:
        spend(budget, 3)
        budget.close()
        refused = budget.spend("acme")
    with process(store_url, clock) as budget:
        assert budget.spent("acme") == 3
    assert not refused


@pytest.mark.parametrize("calls", [0, 3, 8, 20, 1000])
def test_after_a_kill_no_call_is_forgotten_and_few_are_made_up(
    store_url: str, clock: ControlledClock, calls: int
) -> None:
    with process(store_url, clock) as budget:
        spend(budget, calls)
    with process(store_url, clock) as budget:
        assert calls <= budget.spent("acme") <= calls + BLOCK * 16


@pytest.mark.postgresql
def test_a_call_is_in_the_store_before_it_is_made(
    postgresql_server: PostgresqlServer, database: str, clock: ControlledClock
) -> None:
    url = postgresql_server.url(database)
    with process(url, clock) as budget:
        for made in range(1, 30):
            budget.spend("acme")
            assert sum(stored(url).values()) >= made


@pytest.mark.parametrize("limit", [1, 7, 100, 801])
def test_killed_again_and_again_it_spends_no_more_than_the_limit(
    store_url: str, clock: ControlledClock, limit: int
) -> None:
    made = 0
    for _ in range(12):
        with process(store_url, clock, limit) as budget:
            made += spend(budget, limit // 5 + 1)
        clock.advance(60)

    assert limit // 3 < made <= limit


def test_what_was_spent_leaves_a_day_later_over_a_restart(
    store_url: str, clock: ControlledClock
) -> None:
    with process(store_url, clock, 10) as budget:
        spend(budget, 10)
        budget.close()
    clock.advance(DAY - SLOT)
    with process(store_url, clock, 10) as budget:
        before = budget.spend("acme")
        clock.advance(HOUR + 3 * SLOT)
        after = budget.spend("acme")

    assert (before, after) == (False, True)


def test_no_day_sees_more_than_the_limit_whenever_it_is_restarted(
    tmp_path: Path, clock: ControlledClock
) -> None:
    url = f"sqlite:///{tmp_path / 'threads-exporter.db'}"
    moments: list[float] = []
    for step in range(60):
        with process(url, clock, 40) as budget:
            for _ in range(12):
                clock.advance(200 + 61 * (step % 7))
                moments += [clock.monotonic()] * budget.spend("acme")
                if step % 5:
                    budget.keep()
            if step % 3:
                budget.close()

    most = max(sum(start <= other < start + DAY for other in moments) for start in moments)
    assert 30 <= most <= 40


@pytest.mark.parametrize("back", [HOUR, 3 * HOUR, 100 * DAY])
def test_a_clock_set_back_gives_no_new_budget(
    store_url: str, clock: ControlledClock, back: float
) -> None:
    with process(store_url, clock, 20) as budget:
        spend(budget, 20)
        clock.set_wall(clock.wall() - back)
        running = budget.spend("acme")
    with process(store_url, clock, 20) as budget:
        restarted = budget.spend("acme")
        clock.advance(DAY + 2 * HOUR)
        a_day_later = budget.spend("acme")
    with process(store_url, clock, 20) as budget:
        restarted_later = budget.spent("acme")

    assert (running, restarted, a_day_later) == (False, False, True)
    assert restarted_later <= 2


@pytest.mark.postgresql
def test_upkeep_tops_up_so_that_few_calls_wait(
    postgresql_server: PostgresqlServer, database: str, clock: ControlledClock
) -> None:
    url = postgresql_server.url(database)
    numbers: list[int] = []
    with process(url, clock) as budget:
        for calls in (0, 5, 3, 1):
            spend(budget, calls)
            budget.keep()
            numbers.append(sum(stored(url).values()))

    assert numbers == [BLOCK, 5 + BLOCK, 5 + BLOCK, 9 + BLOCK]


def test_a_reserve_follows_the_hour(store_url: str, clock: ControlledClock) -> None:
    with process(store_url, clock) as budget:
        spend(budget, 2)
        first = hour(clock)
        clock.advance(5 * HOUR)
        budget.keep()
    entries = stored(store_url)

    assert entries == {("acme", first): 2, ("acme", first + 5): BLOCK}


def test_a_reserve_of_long_ago_is_entered_anew_before_it_is_drawn_upon(
    store_url: str, clock: ControlledClock
) -> None:
    with process(store_url, clock) as budget:
        clock.advance(20 * HOUR)
        spend(budget, 3)
    clock.advance(20 * HOUR)
    with process(store_url, clock) as budget:
        assert budget.spent("acme") >= 3


def test_what_is_old_is_pruned(store_url: str, clock: ControlledClock) -> None:
    with process(store_url, clock) as budget:
        spend(budget, 2)
        clock.advance(30 * HOUR)
        budget.keep()
    assert stored(store_url) == {("acme", hour(clock)): BLOCK}


@pytest.mark.postgresql
def test_processes_beside_each_other_share_a_budget(
    postgresql_server: PostgresqlServer, database: str, clock: ControlledClock
) -> None:
    url = postgresql_server.url(database)
    with process(url, clock, 50) as one, process(url, clock, 50) as other:
        made = 0
        for _ in range(60):
            made += one.spend("acme") + other.spend("acme")
            clock.advance(1)
        seen = one.spent("acme"), other.spent("acme")

    assert made == 50
    assert seen == (50, 50)


@pytest.mark.postgresql
def test_processes_that_spend_at_once_spend_no_more_than_the_limit(
    postgresql_server: PostgresqlServer, database: str, clock: ControlledClock
) -> None:
    url = postgresql_server.url(database)
    made: list[int] = []
    for _ in range(20):
        with ExitStack() as stack:
            budgets = [stack.enter_context(process(url, clock, 100)) for _ in range(3)]
            with ThreadPoolExecutor(len(budgets)) as threads:
                made.append(sum(threads.map(lambda budget: spend(budget, 60), budgets)))
            for budget in budgets:
                budget.close()
        clock.advance(2 * DAY)

    assert 60 < min(made) <= max(made) <= 100


@pytest.mark.postgresql
def test_while_the_store_is_down_calls_are_counted_in_memory_and_stored_later(
    postgresql_server: PostgresqlServer, database: str, clock: ControlledClock
) -> None:
    url = postgresql_server.url(database)
    store = ContainerStore(url, timeout=5.0)
    store.open()
    troubles: list[StoreTrouble] = []
    budget = CallBudget(clock, 30, store.calls, troubles.append)
    budget.adopt(["acme"])
    with capture_logs() as logs:
        postgresql_server.execute("ALTER TABLE calls RENAME TO away", database)
        during = spend(budget, 20)
        was_kept = budget.is_kept
        budget.keep()
        postgresql_server.execute("ALTER TABLE away RENAME TO calls", database)
        budget.keep()
    store.close()

    assert (during, was_kept, budget.is_kept) == (20, False, True)
    assert troubles == [StoreTrouble.GONE] * 2
    assert [line["event"] for line in logs] == [
        "calls are counted in memory",
        "calls are counted in the store again",
    ]
    with process(url, clock, 30) as again:
        assert 20 <= again.spent("acme") <= 30


def test_a_lost_file_gets_the_calls_again(tmp_path: Path, clock: ControlledClock) -> None:
    file = tmp_path / "threads-exporter.db"
    url = f"sqlite:///{file}"
    store = ContainerStore(url)
    store.open()
    budget = CallBudget(clock, 2400, store.calls)
    budget.adopt(["acme"])
    spend(budget, 30)
    clock.advance(3 * HOUR)
    spend(budget, 30)
    file.unlink()
    budget.keep()
    down = budget.is_kept
    spend(budget, 10)
    store.restore(store_state := StoredState([], {}))
    budget.keep()
    store.close()

    assert store_state.counts == {}
    assert (down, budget.is_kept) == (False, True)
    assert 70 <= sum(stored(url).values()) <= 70 + BLOCK * 16


def test_a_removed_owner_gives_back_its_reserve_and_keeps_what_it_spent(
    store_url: str, clock: ControlledClock
) -> None:
    with process(store_url, clock, 2400, "acme", "zebra") as budget:
        spend(budget, 3)
        budget.adopt(["zebra"])
        gone = budget.spent("acme")
        budget.adopt(["acme", "zebra"])
        back = budget.spent("acme")

    assert (gone, back) == (0, 3)


def test_an_owner_of_whom_nothing_is_known_is_asked_about_first(
    store_url: str, clock: ControlledClock
) -> None:
    with process(store_url, clock, 2400, "zebra") as budget:
        spend(budget, 4, "zebra")
        budget.close()
    with process(store_url, clock, 4) as budget:
        assert not budget.spend("zebra")
