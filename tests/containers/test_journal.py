"""What happens while the store is down, and once it is up again."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.registry import ContainerRegistry, TrackingRules
from exporter.containers.rows import CountKey, CountKind, StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.time_limit import POLLS_WAIT_SECONDS, time_left
from exporter.containers.trouble import StoreError
from exporter.domain import ContainerErrorMessage, ContainerOutcome, StoreTrouble
from tests.clock import ControlledClock
from tests.containers.answers import FAILED, IN_PROGRESS, PUBLISHED
from tests.containers.observing import Processed

pytest_plugins = ("tests.containers.backends",)

RULES = TrackingRules()
Outage = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture
def sqlite_store(sqlite_path: Path) -> ContainerStore:
    return ContainerStore(f"sqlite:///{sqlite_path}", timeout=0.05)


@pytest.fixture
def registry(
    sqlite_store: ContainerStore, clock: ControlledClock, processed: Processed
) -> Iterator[ContainerRegistry]:
    registry = ContainerRegistry(sqlite_store, clock, processed)
    registry.open()
    yield registry
    registry.close()


@contextmanager
def deleted(path: Path) -> Iterator[None]:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink()
    yield


@contextmanager
def replaced(path: Path) -> Iterator[None]:
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    other.replace(path)
    yield


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    aside = path.with_name("moved-away")
    path.rename(aside)
    yield
    aside.rename(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Have each write fail, as a full or read-only disk would, for root too."""
    refusal = "BEFORE {} ON {} BEGIN SELECT RAISE(ABORT, 'refused'); END"
    events = [("INSERT", "containers"), ("UPDATE", "containers"), ("INSERT", "counts")]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for number, event in enumerate(events):
            other.execute(f"CREATE TRIGGER refusal{number} {refusal.format(*event)}")
    yield
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for number in range(len(events)):
            other.execute(f"DROP TRIGGER refusal{number}")


OUTAGES = [deleted, replaced, moved_away, locked, refused]


def is_up(registry: ContainerRegistry) -> bool:
    assert registry.store_up is not None
    return registry.store_up


def by_id(state: StoredState) -> dict[str, ContainerRecord]:
    return {record.container_id: record for record in state.records}


def counts(store: ContainerStore) -> dict[tuple[str, str], int]:
    counted = store.load().counts.items()
    return {(key.kind.value, key.name): value for key, value in counted}


@pytest.mark.parametrize("outage", OUTAGES)
def test_what_polls_learn_during_an_outage_is_stored_after_it_and_counted_once(
    registry: ContainerRegistry,
    sqlite_store: ContainerStore,
    sqlite_path: Path,
    clock: ControlledClock,
    outage: Outage,
) -> None:
    registry.follow({"acme": ["1", "2", "3"]}, RULES)
    registry.answered("acme", "1", FAILED)

    with outage(sqlite_path):
        clock.advance(300)
        registry.answered("acme", "2", IN_PROGRESS)
        assert not is_up(registry)
        clock.advance(600)
        registry.answered("acme", "2", FAILED)
        registry.follow({"acme": ["1", "2", "4", "5"]}, RULES)
        registry.follow({"acme": ["1", "2", "4"]}, RULES)
        registry.answered("acme", "4", PUBLISHED)
    registry.keep_store()

    assert is_up(registry)
    stored = by_id(sqlite_store.load())
    for removed in ("3", "5"):
        stored.pop(removed, None)
    assert stored == {record.container_id: record for record in registry.all()}
    assert counts(sqlite_store) == {
        ("registered", "configuration"): 5,
        ("outcome", "ERROR"): 2,
        ("outcome", "PUBLISHED"): 1,
        ("outcome", "gave_up"): 1,
        ("outcome", "removed"): 2,
        ("error", "INVALID_DURATION"): 2,
    }
    assert registry.summary("acme").errors == {ContainerErrorMessage.INVALID_DURATION: 2}
    assert registry.register([("acme", "6")]) == [True]


@pytest.mark.parametrize("outage", OUTAGES)
def test_publishers_are_refused_during_an_outage_and_nothing_has_changed(
    registry: ContainerRegistry, sqlite_path: Path, outage: Outage
) -> None:
    registry.register([("acme", "1")])
    before = registry.all(), registry.summary("acme")

    with outage(sqlite_path):
        for _ in range(2):
            with pytest.raises(StoreError):
                registry.register([("acme", "1"), ("acme", "2")])
            with pytest.raises(StoreError):
                registry.remove("1")
            with pytest.raises(StoreError):
                registry.count_report("acme", "unknown_error")

        assert registry.register([("acme", "1")]) == [False]
        assert (registry.all(), registry.summary("acme")) == before
        assert registry.reports("acme") == {}
        assert not is_up(registry)
    registry.keep_store()

    assert registry.register([("acme", "1"), ("acme", "2")]) == [False, True]
    assert is_up(registry)


def test_an_outage_is_noticed_though_nothing_is_written(
    registry: ContainerRegistry, sqlite_path: Path
) -> None:
    registry.register([("acme", "1")])

    with locked(sqlite_path), capture_logs() as logs:
        registry.keep_store()
        registry.keep_store()
        assert not is_up(registry)
    with capture_logs() as later:
        registry.keep_store()
        registry.keep_store()

    assert is_up(registry)
    assert [(line["event"], line["trouble"]) for line in logs] == [
        ("store is down", StoreTrouble.LOCKED)
    ]
    assert [line["event"] for line in later] == ["store is up again"]


def test_a_lost_file_is_written_anew_as_soon_as_that_is_noticed(
    registry: ContainerRegistry, sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    registry.register([("acme", "1")])

    with deleted(sqlite_path):
        registry.keep_store()

    assert is_up(registry)
    assert by_id(sqlite_store.load()).keys() == {"1"}


def test_a_container_that_is_removed_and_listed_again_during_an_outage_begins_anew(
    registry: ContainerRegistry, sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    registry.follow({"acme": ["1"]}, RULES)

    with locked(sqlite_path):
        for listed in ([], ["1"], [], ["1"]):
            registry.follow({"acme": listed}, RULES)
        registry.answered("acme", "1", IN_PROGRESS)
    registry.keep_store()

    assert by_id(sqlite_store.load()) == {"1": registry.get("1")}
    assert counts(sqlite_store) == {("registered", "configuration"): 3, ("outcome", "removed"): 2}


def test_a_file_that_is_put_back_takes_up_where_it_was(
    registry: ContainerRegistry, sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    registry.follow({"acme": ["1", "2"]}, RULES)

    with moved_away(sqlite_path):
        registry.follow({"acme": ["2"]}, RULES)
    registry.keep_store()

    stored = by_id(sqlite_store.load())
    assert stored["1"].outcome is ContainerOutcome.REMOVED
    assert stored["2"].is_tracked


def test_what_could_not_be_restored_at_first_is_restored_later(
    sqlite_path: Path, clock: ControlledClock, processed: Processed
) -> None:
    class Full(ContainerStore):
        room = True

        def restore(self, state: StoredState) -> None:
            super().restore(state if self.room else StoredState([], {}))
            if not self.room:
                raise StoreError(StoreTrouble.FULL, "full")

    store = Full(f"sqlite:///{sqlite_path}")
    registry = ContainerRegistry(store, clock, processed)
    registry.open()
    registry.follow({"acme": ["1"]}, RULES)
    store.room = False

    with deleted(sqlite_path):
        registry.keep_store()
        assert not is_up(registry)
        registry.answered("acme", "1", PUBLISHED)
        registry.keep_store()
        assert not is_up(registry)
    store.room = True
    registry.keep_store()

    assert is_up(registry)
    assert by_id(store.load()) == {"1": registry.get("1")}
    registry.close()


def test_what_is_stored_though_the_store_denied_it_counts_once(
    sqlite_path: Path, clock: ControlledClock, processed: Processed
) -> None:
    class Doubtful(ContainerStore):
        fails = False
        is_together = False

        @contextmanager
        def together(self) -> Iterator[None]:
            self.is_together = True
            with super().together():
                yield
            self.is_together = False
            self.deny()

        def save(self, steps: Sequence[Step], *, anyones: bool = False) -> Collection[str]:
            stored = super().save(steps, anyones=anyones)
            if steps and not self.is_together:
                self.deny()
            return stored

        def deny(self) -> None:
            if self.fails:
                raise StoreError(StoreTrouble.UNREACHABLE, "gone after the commit")

    store = Doubtful(f"sqlite:///{sqlite_path}")
    registry = ContainerRegistry(store, clock, processed)
    registry.open()
    registry.follow({"acme": ["1", "2"]}, RULES)
    store.fails = True
    clock.advance(300)

    registry.answered("acme", "1", FAILED)
    registry.answered("acme", "2", IN_PROGRESS)
    registry.follow({"acme": ["1", "2", "3"]}, RULES)
    registry.follow({"acme": ["1", "2"]}, RULES)
    registry.keep_store()
    store.fails = False
    registry.keep_store()

    assert counts(store)["registered", "configuration"] == 3
    expected = registry.summary("acme")
    registry.close()
    again = ContainerRegistry(store, clock, processed)
    again.open()
    assert again.summary("acme") == expected
    again.close()


def test_nothing_is_forgotten_that_the_store_still_has(
    registry: ContainerRegistry,
    sqlite_store: ContainerStore,
    sqlite_path: Path,
    clock: ControlledClock,
) -> None:
    registry.follow({}, replace(RULES, retention=100))
    registry.register([("acme", "1")])

    with locked(sqlite_path):
        registry.answered("acme", "1", PUBLISHED)
        clock.advance(101)
        assert registry.forget_ended() == ()
        assert registry.get("1") is not None
    registry.keep_store()

    assert registry.forget_ended() == {"acme"}
    assert sqlite_store.load().records == []
    key = CountKey("acme", CountKind.OUTCOME, "PUBLISHED")
    assert sqlite_store.load().counts[key] == 1


@contextmanager
def refusing_one(path: Path, container_id: str) -> Iterator[None]:
    refusal = f"BEFORE INSERT ON containers WHEN NEW.container_id = '{container_id}'"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"CREATE TRIGGER one {refusal} BEGIN SELECT RAISE(ABORT, 'refused'); END")
    yield
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER one")


def test_what_the_store_refuses_fails_alone(
    registry: ContainerRegistry, sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    with refusing_one(sqlite_path, "3"):
        done = registry.register_each(
            [[("acme", "1"), ("acme", "2")], [("acme", "3")], [("b", "4")]]
        )

    assert [done[0], done[2]] == [[True, True], [True]]
    assert isinstance(done[1], StoreError)
    assert by_id(sqlite_store.load()) == {record.container_id: record for record in registry.all()}
    assert by_id(sqlite_store.load()).keys() == {"1", "2", "4"}
    assert not is_up(registry)
    registry.keep_store()
    assert registry.register([("acme", "3")]) == [True]


def test_a_text_that_cannot_be_stored_fails_alone(
    registry: ContainerRegistry, sqlite_store: ContainerStore
) -> None:
    done = registry.register_each([[("acme", "1")], [("nul\0", "2")], [("acme", "3")]])

    assert [done[0], done[2]] == [[True], [True]]
    assert isinstance(done[1], ValueError)
    assert by_id(sqlite_store.load()).keys() == {"1", "3"}
    assert is_up(registry)


def test_a_store_that_is_down_fails_all_with_errors_of_their_own(
    registry: ContainerRegistry, sqlite_path: Path
) -> None:
    with locked(sqlite_path):
        first, second = registry.register_each([[("acme", "1")], [("acme", "2")]])

    assert isinstance(first, StoreError)
    assert isinstance(second, StoreError)
    assert first is not second
    assert first.kind is second.kind is StoreTrouble.LOCKED
    assert registry.all() == []


def test_a_long_outage_costs_no_ever_longer_traceback(
    registry: ContainerRegistry, sqlite_path: Path
) -> None:
    lengths = set()

    with locked(sqlite_path):
        registry.keep_store()
        for _ in range(3):
            with pytest.raises(StoreError) as caught:
                registry.register([("acme", "1")])
            lengths.add(len(caught.traceback))

    assert len(lengths) == 1


class WatchedStore(ContainerStore):
    """A store that notes how long each of its transactions may wait."""

    def __init__(self, url: str) -> None:
        super().__init__(url, timeout=60.0)
        self.limits: list[float] = []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self.limits.append(time_left())
        with super().transaction() as connection:
            yield connection


def test_what_polls_wait_for_waits_for_the_store_a_second_and_no_longer(
    sqlite_path: Path, clock: ControlledClock, processed: Processed
) -> None:
    store = WatchedStore(f"sqlite:///{sqlite_path}")
    registry = ContainerRegistry(store, clock, processed)
    registry.open()
    opening, store.limits = store.limits, []

    registry.register([("acme", "1")])
    registry.answered("acme", "1", PUBLISHED)
    registry.forget_ended()
    registry.close()

    assert set(opening) == {inf}
    assert len(store.limits) >= 3
    assert max(store.limits) <= POLLS_WAIT_SECONDS
