"""The tracked containers: every change of them, on disk first and then in memory."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, compress
from typing import Protocol

from exporter.clock import Clock
from exporter.containers import lifecycle
from exporter.containers.change import Change
from exporter.containers.journal import StoreJournal
from exporter.containers.ledger import CallLedger
from exporter.containers.lifecycle import LifecycleRules, Step
from exporter.containers.memory import ContainerMemory
from exporter.containers.record import ContainerRecord, Source
from exporter.containers.rows import CountKey, CountKind
from exporter.containers.store import ContainerStore
from exporter.containers.turns import Request, Turns
from exporter.domain import ContainerState, ContainerStatus, StoreTrouble
from exporter.observations.model import ContainerSummary

_LEEWAY_SECONDS = 1.0


class ContainerObserver(Protocol):
    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        """Take note of a container that is FINISHED or ERROR, that long after registration."""
        ...

    def store_failed(self, trouble: StoreTrouble) -> None:
        """Take note that the store could not be used."""
        ...

    def writes_fenced(self, count: int) -> None:
        """Take note of containers that were not changed, as they are another process's now."""
        ...


class ForeignContainerError(Exception):
    """A container is registered for another account."""

    def __init__(self, container_id: str) -> None:
        super().__init__(container_id)
        self.container_id = container_id


class CapacityError(Exception):
    """As many containers are tracked as may be."""


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """How containers are followed, for how long an ended one is kept, and how many at most."""

    lifecycle: LifecycleRules = field(default_factory=LifecycleRules)
    retention: float = 86_400.0
    max_tracked: int = 10_000
    with_statuses: bool = False


class ContainerRegistry:
    """Follows containers to their end; without a store it does so in memory alone.

    Changes take turns, over their commits too, and those that come meanwhile take the next one
    together; reading waits for none of them.
    """

    def __init__(
        self, store: ContainerStore | None, clock: Clock, observer: ContainerObserver
    ) -> None:
        self._store = store
        self._journal = (
            StoreJournal(store, observer.store_failed, observer.writes_fenced) if store else None
        )
        self._clock = clock
        self._observer = observer
        self._turns = Turns(self._carry_out)
        self._memory = ContainerMemory()
        self._rules = TrackingRules()
        self._listed: frozenset[str] = frozenset()
        self._unread: set[str] = set()

    def open(self) -> None:
        """Open the store, and take up what it holds unless it is shared; raises StoreError."""
        if self._store is not None:
            self._store.open()
            if not self._store.is_shared:
                self._memory.fill(self._store.load())

    def write_with(self, epoch: int) -> None:
        """Write from now on of accounts that are claimed with the epoch, and of no others."""
        if self._store is not None:
            self._store.epoch = epoch

    def take_up(self, accounts: Collection[str]) -> None:
        """Know of these accounts what the store holds of them; raises StoreError."""
        if self._store is not None:
            with self._turns.alone():
                self._memory.replace(accounts, self._store.load(accounts))

    def drop(self, accounts: Collection[str]) -> None:
        """Know nothing of these accounts: they are another process's."""
        with self._turns.alone():
            self._unread -= set(accounts)
            self._memory.drop(accounts)

    def reread(self, accounts: Collection[str]) -> Collection[str]:
        """Know of these accounts what the store holds by now; return those that were read.

        What cannot be read now is read the next time: while changes wait for the store, and after a
        StoreError, which is raised.
        """
        with self._turns.alone():
            self._unread |= set(accounts)
            if not self._unread or self._store is None or not self.store_up:
                return ()
            self._memory.replace(self._unread, self._store.load(self._unread))
            read, self._unread = self._unread, set()
            return read

    def close(self) -> None:
        """Let go of the store; what polls that are being cut still tell is not kept."""
        with self._turns.alone():
            self._journal = None
        if self._store is not None:
            self._store.close()

    @property
    def store_up(self) -> bool | None:
        """Return whether the store can be written to, None where there is none."""
        return self._journal.up if self._journal else None

    @property
    def calls(self) -> CallLedger | None:
        """Return where the store keeps the calls that were spent, None where there is none."""
        return self._store.calls if self._store else None

    def store_failed(self, trouble: StoreTrouble) -> None:
        """Take note that the store failed in the hands of another."""
        self._observer.store_failed(trouble)

    @property
    def max_tracked(self) -> int:
        return self._rules.max_tracked

    @property
    def interval(self) -> float:
        return self._rules.lifecycle.interval

    def follow(
        self,
        listed: Mapping[str, Collection[str]],
        rules: TrackingRules,
        left_alone: Container[str] = (),
    ) -> Collection[str]:
        """Track what the configuration lists; return the accounts that have new containers.

        What it lists no longer is removed, unless a publisher registered it, and so is what is
        of no account in it. `left_alone` are accounts that another process cares for,
        or of which it is not known whether they are gone.
        """
        now = self._clock.wall()
        ids = frozenset(chain.from_iterable(listed.values()))
        with self._turns.alone():
            self._rules = rules
            self._listed = ids
            new = [
                lifecycle.registered(account, container_id, Source.CONFIGURATION, now)
                for account, container_ids in listed.items()
                for container_id in container_ids
                if self._memory.get(container_id) is None
            ]
            self._make_in_time(Change(records=new, can_wait=True))
            gone = [
                lifecycle.removed(record, now)
                for record in self._memory.all()
                if record.is_tracked
                and record.account not in left_alone
                and not _is_wanted(record, ids, listed)
            ]
            self._make_in_time(Change(steps=gone, can_wait=True))
        return {record.account for record in new}

    def register(self, containers: Sequence[tuple[str, str]]) -> Sequence[bool]:
        """Track these containers of these accounts, all or none; tell which of them are new.

        Raises ForeignContainerError, CapacityError, and StoreError; then nothing has changed.
        """
        return self._turns.take_one(self._registration(containers))

    def register_each(
        self, requests: Sequence[Sequence[tuple[str, str]]]
    ) -> Sequence[Sequence[bool] | Exception]:
        """Do as `register` does for each of the requests, in few commits; an error is returned."""
        registrations = [self._registration(containers) for containers in requests]
        self._turns.take(registrations)
        return [registration.outcome() for registration in registrations]

    def _registration(self, containers: Sequence[tuple[str, str]]) -> Request[Sequence[bool]]:
        ids = [container_id for _, container_id in containers]
        return Request(ids, partial(self._to_register, containers, self._clock.wall()))

    def _to_register(
        self, containers: Sequence[tuple[str, str]], now: float, added: int
    ) -> tuple[Change, Sequence[bool]]:
        is_new = [not self._known(*container) for container in containers]
        new = [
            lifecycle.registered(account, container_id, Source.API, now)
            for account, container_id in compress(containers, is_new)
        ]
        if new and self._memory.tracked + added + len(new) > self._rules.max_tracked:
            raise CapacityError
        return Change(records=new), is_new

    def _known(self, account: str, container_id: str) -> bool:
        record = self._memory.get(container_id)
        if record is not None and record.account != account:
            raise ForeignContainerError(container_id)
        return record is not None

    def remove(self, container_id: str) -> ContainerRecord | None:
        """Track a container no longer; return it as it was, None if unknown; raises StoreError."""

        def decide(_added: int) -> tuple[Change, ContainerRecord | None]:
            record = self._memory.get(container_id)
            if record is None or not record.is_tracked:
                return Change(), record
            return Change(steps=[lifecycle.removed(record, self._clock.wall())]), record

        return self._turns.take_one(Request([container_id], decide))

    def count_report(self, account: str, error: str) -> None:
        """Count an error that a publisher met; raises StoreError."""
        report = CountKey(account, CountKind.REPORTED, error)
        self._turns.take_one(Request([], lambda _added: (Change(reports=[report]), None)))

    def reports(self, account: str) -> Mapping[str, int]:
        return self._memory.counts(account, CountKind.REPORTED)

    def get(self, container_id: str) -> ContainerRecord | None:
        return self._memory.get(container_id)

    def all(self) -> Sequence[ContainerRecord]:
        return self._memory.all()

    def get_each(self, ids: Collection[str]) -> Sequence[ContainerRecord]:
        """Return those of the containers that are known, in their order."""
        found = (self._memory.get(container_id) for container_id in ids)
        return [record for record in found if record is not None]

    def find(
        self, *, limit: int, after: str, account: str | None, status: ContainerStatus | None
    ) -> Sequence[ContainerRecord]:
        """Return the first matches with an id past that one, ids ordered as ASCII text."""
        matches = (
            record
            for record in self._memory.all()
            if record.container_id > after
            and account in (None, record.account)
            and status in (None, record.state.status)
        )
        return sorted(matches, key=lambda record: record.container_id)[:limit]

    def summary(self, account: str) -> ContainerSummary:
        return self._memory.summary(
            account,
            ended_since=self._retained_since,
            with_statuses=self._rules.with_statuses,
        )

    def has_containers(self, account: str) -> bool:
        return bool(self._memory.of(account))

    def has_open(self, account: str) -> bool:
        return any(record.is_tracked for record in self._memory.of(account))

    def due(self, account: str) -> Sequence[str]:
        """Return the containers to ask about now, the longest unasked first."""
        now = self._clock.wall()
        self._follow_clock(account, now)
        waiting = [record for record in self._memory.of(account) if record.is_tracked]
        due = [record for record in waiting if (record.next_ask_at or 0.0) <= now + self._leeway]
        return [record.container_id for record in sorted(due, key=lambda item: item.asked_at or 0)]

    def _follow_clock(self, account: str, now: float) -> None:
        """Move the containers' times back for good, if the clock was set back."""
        if not any(self._moved_back(account, now)):
            return
        with self._turns.alone():
            steps = [Step(record) for record in self._moved_back(account, now)]
            self._make_in_time(Change(steps=steps, can_wait=True))

    def _moved_back(self, account: str, now: float) -> Iterator[ContainerRecord]:
        for record in self._memory.of(account):
            rebased = lifecycle.rebased(record, now)
            if rebased is not record:
                yield rebased

    @property
    def _leeway(self) -> float:
        """Return how much too early a run may be: else it would wait for the one after it."""
        return min(_LEEWAY_SECONDS, self.interval / 10)

    def answered(self, account: str, container_id: str, state: ContainerState) -> None:
        """Take Meta's answer on a container."""
        self._learn(
            account,
            [container_id],
            lambda record, now: lifecycle.answered(record, state, now, self._rules.lifecycle),
        )

    def unanswered(self, account: str, container_ids: Collection[str]) -> None:
        """Take that nothing was learnt of these containers: they are asked about later."""
        self._learn(
            account,
            container_ids,
            lambda record, now: lifecycle.unanswered(record, now, self._rules.lifecycle),
        )

    def unknown_to_meta(self, account: str, container_id: str) -> None:
        """Take that Meta does not know a container."""
        self._learn(
            account,
            [container_id],
            lambda record, now: lifecycle.unknown_to_meta(record, now, self._rules.lifecycle),
        )

    def _learn(
        self,
        account: str,
        container_ids: Collection[str],
        event: Callable[[ContainerRecord, float], Step],
    ) -> None:
        now = self._clock.wall()

        def decide(_added: int) -> tuple[Change, None]:
            records = [self._memory.get(container_id) for container_id in container_ids]
            steps = [
                event(record, now)
                for record in records
                if record is not None and record.account == account and record.is_tracked
            ]
            return Change(steps=steps, can_wait=True), None

        self._turns.take_one(Request(container_ids, decide))

    def _carry_out(self, group: Sequence[Request[object]]) -> None:
        """Make the changes of the requests: they have no container in common."""
        changes: list[tuple[Request[object], Change]] = []
        added = 0
        for request in group:
            change = request.decide(added)
            if change:
                changes.append((request, change))
                added += len(change.records)
        errors = self._make([change for _, change in changes])
        for (request, _), error in zip(changes, errors, strict=True):
            if error is not None:
                request.fail(error)

    def _make(self, changes: Sequence[Change]) -> Sequence[Exception | None]:
        """Make those of the changes that can be stored; return for each why it could not be."""
        done = self._journal.write(changes) if self._journal and changes else changes
        for each in done:
            if isinstance(each, Change):
                self._take_effect(each)
        return [each if isinstance(each, Exception) else None for each in done]

    def _take_effect(self, change: Change) -> None:
        self._memory.add(change.records)
        self._memory.apply(change.steps)
        for report in change.reports:
            self._memory.count(report.account, report.kind, report.name)
        for step in change.steps:
            if step.processed is not None:
                self._observer.container_processed(*step.processed)

    def _make_in_time(self, change: Change) -> None:
        """Make a change that the store's being down does not hinder."""
        for error in self._make([change] if change else ()):
            if error is not None:
                raise error

    def keep_store(self) -> None:
        """See to the store: notice that it is down, write what waits once it is up again."""
        if self._journal is None:
            return
        if self._journal.check():
            with self._turns.alone():
                self._journal.catch_up(self._memory.state())
                if self._store is not None and self._store.is_shared:
                    # Others may have changed what was changed here meanwhile.
                    self._unread.update(self._memory.accounts())

    def forget_ended(self) -> Collection[str]:
        """Forget what ended longer ago than the retention; return the accounts it was of.

        What is still listed is kept, out of sight: else the next reload would find it new.
        """
        before = self._retained_since
        with self._turns.alone():
            old = [item for item in self._memory.all() if (item.ended_at or before) < before]
            ids = {record.container_id for record in old}
            if self._journal and not self._journal.forget(before, keep=ids & self._listed):
                return ()
            self._memory.forget(ids - self._listed)
        return {record.account for record in old}

    @property
    def _retained_since(self) -> float:
        return self._clock.wall() - self._rules.retention


def _is_wanted(
    record: ContainerRecord, listed_ids: Collection[str], accounts: Collection[str]
) -> bool:
    if record.account not in accounts:
        return False
    return record.source is Source.API or record.container_id in listed_ids
