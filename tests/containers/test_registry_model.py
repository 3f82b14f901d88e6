"""Whatever happens, in whatever order: no container is lost from the counts or counts twice."""

import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exporter.containers.record import Source
from exporter.containers.registry import ContainerRegistry, ForeignContainerError, TrackingRules
from exporter.containers.rows import CountKey, CountKind
from exporter.containers.schema import metadata
from exporter.containers.trouble import StoreError
from exporter.domain import ContainerOutcome, ContainerState, StoreTrouble
from tests.clock import ControlledClock
from tests.containers.answers import EXPIRED, FAILED, FINISHED, IN_PROGRESS, OTHER, PUBLISHED
from tests.containers.failing_store import FailingStore
from tests.containers.observing import Processed
from tests.containers.postgresql_server import PostgresqlServer
from tests.examples import examples

pytest_plugins = ("tests.containers.backends",)

RETENTION = 7_200.0
RULES = TrackingRules(retention=RETENTION)
UNKNOWN, UNANSWERED = "unknown", "unanswered"
ENDS = {
    PUBLISHED: ContainerOutcome.PUBLISHED,
    FAILED: ContainerOutcome.ERROR,
    EXPIRED: ContainerOutcome.EXPIRED,
}
ACCOUNTS = ("acme", "zebra")
IDS = tuple(str(number) for number in range(3))

Reply = ContainerState | str

accounts = st.sampled_from(ACCOUNTS)
ids = st.sampled_from(IDS)
replies: st.SearchStrategy[Reply] = st.sampled_from(
    [IN_PROGRESS, FINISHED, OTHER, *ENDS, UNKNOWN, UNANSWERED]
)
going_on: st.SearchStrategy[Reply] = st.sampled_from([IN_PROGRESS, FINISHED, UNKNOWN, UNANSWERED])
batches = st.dictionaries(ids, accounts, min_size=1, max_size=4)


DOWN = StoreError(StoreTrouble.UNREACHABLE, "is down")


class Place(Protocol):
    """Where the stores of one run are."""

    @property
    def can_be_lost(self) -> bool: ...

    def url(self) -> str: ...

    def lose(self) -> None: ...

    def crash(self) -> None:
        """Have the next store find what is on disk at this moment."""
        ...


@dataclass
class SqlitePlace:
    folder: Path
    number: int = 0
    can_be_lost: bool = True

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.number}.db"

    def url(self) -> str:
        return f"sqlite:///{self._path}"

    def _files(self) -> Sequence[Path]:
        return [self._path, self._path.with_name(f"{self._path.name}-wal")]

    def lose(self) -> None:
        for file in self._files():
            file.unlink(missing_ok=True)

    def crash(self) -> None:
        left = [file for file in self._files() if file.exists()]
        self.number += 1
        for file, copy in zip(left, self._files(), strict=False):
            shutil.copy(file, copy)


@dataclass
class PostgresqlPlace:
    server: PostgresqlServer
    database: str
    can_be_lost: bool = False

    def url(self) -> str:
        return self.server.url(self.database)

    def lose(self) -> None:
        raise AssertionError("a server keeps its tables")

    def crash(self) -> None:
        """Do nothing: what is committed is the server's."""


@dataclass
class Expected:
    """What is tracked, by id, what has ended and is kept, and all that was ever counted."""

    tracked: dict[str, tuple[str, Source]] = field(default_factory=dict)
    kept: dict[str, tuple[str, float]] = field(default_factory=dict)
    registered: Counter[tuple[str, str]] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    waiting_on: set[str] = field(default_factory=set)

    def account_of(self, container_id: str) -> str | None:
        known = self.tracked.get(container_id) or self.kept.get(container_id)
        return known[0] if known else None

    def register(self, account: str, container_id: str, source: Source) -> None:
        self.tracked[container_id] = account, source
        self.registered[account, source] += 1

    def end(self, container_id: str, outcome: ContainerOutcome, now: float) -> None:
        account, _ = self.tracked.pop(container_id)
        self.ends[account, outcome] += 1
        self.waiting_on.discard(container_id)
        if outcome is not ContainerOutcome.REMOVED:
            self.kept[container_id] = account, now

    def give_up(self, container_id: str) -> None:
        """Note that the container counts as given up, though it is waited for."""
        if container_id not in self.waiting_on:
            self.given_up[self.tracked[container_id][0]] += 1
            self.waiting_on.add(container_id)

    def outcomes(self, account: str) -> dict[str, int]:
        counted = {
            outcome: number
            for (name, outcome), number in self.ends.items()
            if name == account and outcome != ContainerOutcome.GAVE_UP
        }
        given_up = self.given_up[account]
        return counted | ({ContainerOutcome.GAVE_UP: given_up} if given_up else {})


class Following(RuleBasedStateMachine):
    """`durable` is what a restart finds while the store is down."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.clock = ControlledClock()
        self.processed = Processed()
        self.listed: Mapping[str, Collection[str]] = dict.fromkeys(ACCOUNTS, ())
        self.expected = Expected()
        self.durable: Expected | None = None
        self.start()

    def start(self) -> None:
        self.store = FailingStore(self.place.url())
        self.registry = ContainerRegistry(self.store, self.clock, self.processed)
        self.registry.open()
        if self.store.is_shared:
            self.registry.take_up(ACCOUNTS)
        self.follow(self.listed)

    def teardown(self) -> None:
        self.registry.close()

    @property
    def is_up(self) -> bool:
        return self.durable is None

    @rule(batch=batches)
    def register(self, batch: dict[str, str]) -> None:
        known = {item: self.expected.account_of(item) for item in batch}
        new = [item for item in batch if known[item] is None]
        containers = [(account, item) for item, account in batch.items()]
        if any(known[item] not in (None, account) for item, account in batch.items()):
            with pytest.raises(ForeignContainerError):
                self.registry.register(containers)
        elif new and not self.is_up:
            with pytest.raises(StoreError):
                self.registry.register(containers)
        else:
            assert self.registry.register(containers) == [item in new for item in batch]
            for item in new:
                self.expected.register(batch[item], item, Source.API)

    @precondition(lambda self: self.is_up)
    @rule(container_id=ids, account=accounts)
    def register_again_for_want_of_an_answer(self, container_id: str, account: str) -> None:
        """Have a commit made and its answer lost, so that the publisher sends it twice."""
        if self.expected.account_of(container_id) is None:
            self.store.lost_answer = DOWN
            with pytest.raises(StoreError):
                self.registry.register([(account, container_id)])
            self.store.lost_answer = None
            self.registry.keep_store()
            assert self.registry.register([(account, container_id)]) == [True]
            self.expected.register(account, container_id, Source.API)

    @rule(entries=st.dictionaries(ids, accounts), names=st.sets(accounts, min_size=1))
    def list_containers(self, entries: dict[str, str], names: set[str]) -> None:
        self.follow(
            {name: [item for item in entries if entries[item] == name] for name in sorted(names)}
        )

    def follow(self, listed: Mapping[str, Collection[str]]) -> None:
        self.listed = listed
        owners = {item: account for account, items in listed.items() for item in items}
        new = [item for item in owners if self.expected.account_of(item) is None]
        assert self.registry.follow(listed, RULES) == {owners[item] for item in new}
        for item in new:
            self.expected.register(owners[item], item, Source.CONFIGURATION)
        for item, (account, source) in list(self.expected.tracked.items()):
            if account not in listed or (source is Source.CONFIGURATION and item not in owners):
                self.expected.end(item, ContainerOutcome.REMOVED, self.clock.wall())

    @rule(container_id=ids)
    def remove(self, container_id: str) -> None:
        before = self.registry.get(container_id)
        if container_id not in self.expected.tracked:
            assert self.registry.remove(container_id) == before
        elif not self.is_up:
            with pytest.raises(StoreError):
                self.registry.remove(container_id)
        else:
            assert self.registry.remove(container_id) == before
            self.expected.end(container_id, ContainerOutcome.REMOVED, self.clock.wall())

    @rule(account=accounts)
    def report(self, account: str) -> None:
        if self.is_up:
            self.registry.count_report(account, "unknown_error")
            self.expected.reported[account] += 1
        else:
            with pytest.raises(StoreError):
                self.registry.count_report(account, "unknown_error")

    @rule(container_id=ids, reply=replies)
    def reply(self, container_id: str, reply: Reply) -> None:
        self.tell(self.expected.account_of(container_id) or "acme", container_id, reply)
        if container_id in self.expected.tracked:
            self.learn(container_id, reply)

    @rule(account=accounts, reply=going_on)
    def poll(self, account: str, reply: Reply) -> None:
        for container_id in self.registry.due(account):
            assert self.expected.tracked[container_id][0] == account
            self.tell(account, container_id, reply)
            self.learn(container_id, reply)

    def tell(self, account: str, container_id: str, reply: Reply) -> None:
        if isinstance(reply, ContainerState):
            self.registry.answered(account, container_id, reply)
        elif reply == UNKNOWN:
            self.registry.unknown_to_meta(account, container_id)
        else:
            self.registry.unanswered(account, [container_id])

    def learn(self, container_id: str, reply: Reply) -> None:
        """Expect of an end that Meta told; when one comes for want of it the lifecycle decides."""
        record = self.registry.get(container_id)
        assert record is not None
        told = ENDS.get(reply) if isinstance(reply, ContainerState) else None
        assert record.outcome in ({told} if told else {None, "gave_up", "lost"})
        if record.gave_up:
            self.expected.give_up(container_id)
        if record.outcome is not None:
            self.expected.end(container_id, record.outcome, self.clock.wall())

    @rule(seconds=st.sampled_from([1, 60, 300, 3_600, 90_000]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-90_000, -600, -1, 600]))
    def step_clock(self, seconds: int) -> None:
        self.clock.set_wall(self.clock.wall() + seconds)

    @rule()
    def forget(self) -> None:
        before = self.clock.wall() - RETENTION
        kept = self.expected.kept
        old = {item for item, (_, ended_at) in kept.items() if ended_at < before and self.is_up}
        assert set(self.registry.forget_ended()) == {kept[item][0] for item in old}
        for item in old - {item for items in self.listed.values() for item in items}:
            del kept[item]

    @precondition(lambda self: self.is_up)
    @rule(lost=st.booleans())
    def fail(self, *, lost: bool) -> None:
        if lost and self.place.can_be_lost:
            self.durable = Expected()
            self.place.lose()
        else:
            self.durable = deepcopy(self.expected)
            self.store.trouble = DOWN

    @rule()
    def keep_store(self) -> None:
        self.registry.keep_store()
        if self.store.trouble is None:
            self.durable = None
        assert self.registry.store_up is self.is_up

    @precondition(lambda self: not self.is_up)
    @rule()
    def recover(self) -> None:
        self.store.trouble = None
        self.keep_store()

    @rule(crash=st.booleans())
    def restart(self, *, crash: bool) -> None:
        before = self.registry
        if crash:
            self.place.crash()
        else:
            before.close()
        self.expected = self.durable or self.expected
        self.durable = None
        self.start()
        if crash:
            before.close()

    @invariant()
    def each_is_where_it_is_expected(self) -> None:
        records = self.registry.all()
        tracked = {
            item.container_id: (item.account, item.source) for item in records if item.is_tracked
        }
        ended = {
            item.container_id: (item.account, item.ended_at)
            for item in records
            if not item.is_tracked
        }
        assert tracked == self.expected.tracked
        assert ended == self.expected.kept

    @invariant()
    def the_registered_are_tracked_or_have_one_end(self) -> None:
        for account in ACCOUNTS:
            tracked = sum(owner == account for owner, _ in self.expected.tracked.values())
            ended = sum(n for (name, _), n in self.expected.ends.items() if name == account)
            registered = sum(
                n for (name, _), n in self.expected.registered.items() if name == account
            )
            assert registered == tracked + ended
            assert self.registry.summary(account).outcomes == self.expected.outcomes(account)
            assert self.registry.reports(account) == (
                {"unknown_error": self.expected.reported[account]}
                if self.expected.reported[account]
                else {}
            )

    @invariant()
    def the_store_holds_what_memory_does(self) -> None:
        if not self.is_up:
            return
        state = self.store.load()
        stored = {
            record.container_id: record
            for record in state.records
            if record.outcome is not ContainerOutcome.REMOVED
        }
        assert stored == {record.container_id: record for record in self.registry.all()}
        registered = {
            (key.account, key.name): value
            for key, value in state.counts.items()
            if key.kind is CountKind.REGISTERED
        }
        assert registered == self.expected.registered
        for account in ACCOUNTS:
            for outcome, number in self.expected.outcomes(account).items():
                assert state.counts[CountKey(account, CountKind.OUTCOME, outcome)] == number


def bounded(times: int) -> settings:
    return settings(
        examples(times),
        stateful_step_count=30,
        suppress_health_check=list(HealthCheck),
    )


def test_sqlite(tmp_path: Path) -> None:
    folders = count()

    class InSqlite(Following):
        def __init__(self) -> None:
            folder = tmp_path / str(next(folders))
            folder.mkdir()
            super().__init__(SqlitePlace(folder))

    run_state_machine_as_test(InSqlite, settings=bounded(80))


@pytest.mark.postgresql
def test_postgresql(postgresql_server: PostgresqlServer, database: str) -> None:
    class InPostgresql(Following):
        def __init__(self) -> None:
            tables = ", ".join(metadata.tables)
            postgresql_server.execute(f"DROP TABLE IF EXISTS {tables}", database)
            super().__init__(PostgresqlPlace(postgresql_server, database))

    run_state_machine_as_test(InPostgresql, settings=bounded(30))
