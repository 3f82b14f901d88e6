"""What is known of the containers, in memory: what scrapes, polls and readers go by."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType

from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKey, CountKind, StoredState
from exporter.domain import ContainerErrorMessage, ContainerOutcome, ContainerStatus
from exporter.observations.model import NO_CONTAINERS, ContainerSummary

_UNFINISHED = frozenset(
    {ContainerStatus.PENDING, ContainerStatus.IN_PROGRESS, ContainerStatus.OTHER}
)


@dataclass(slots=True)
class _Account:
    records: dict[str, ContainerRecord] = field(default_factory=dict)
    counts: Counter[CountKey] = field(default_factory=Counter)

    def count(self, kind: CountKind) -> dict[str, int]:
        return {key.name: value for key, value in self.counts.items() if key.kind is kind}


_NOTHING = _Account()
"""What is known of an account without containers or counts; never filled."""


class ContainerMemory:
    """Records and counts by account; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owners: dict[str, str] = {}
        self._tracked: set[str] = set()
        self._accounts: dict[str, _Account] = {}

    def fill(self, state: StoredState) -> None:
        with self._lock:
            self._fill(state)

    def _fill(self, state: StoredState) -> None:
        for record in state.records:
            self._keep(record)
        for key, value in state.counts.items():
            self._account(key.account).counts[key] += value

    def replace(self, accounts: Collection[str], state: StoredState) -> None:
        """Know of these accounts what the state says, and nothing else."""
        with self._lock:
            self._drop(accounts)
            self._fill(state)

    def drop(self, accounts: Collection[str]) -> None:
        """Know nothing of these accounts."""
        with self._lock:
            self._drop(accounts)

    def _drop(self, accounts: Collection[str]) -> None:
        for name in accounts:
            for container_id in tuple(self._accounts.get(name, _NOTHING).records):
                self._forget(container_id)
            self._accounts.pop(name, None)

    def accounts(self) -> Collection[str]:
        """Return the accounts of which anything is known."""
        with self._lock:
            return frozenset(self._accounts)

    def state(self) -> StoredState:
        with self._lock:
            accounts = tuple(self._accounts.values())
            records = [record for account in accounts for record in account.records.values()]
            counts = {key: value for item in accounts for key, value in item.counts.items()}
            return StoredState(records, counts)

    def add(self, records: Iterable[ContainerRecord]) -> None:
        with self._lock:
            for record in records:
                self._keep(record)
                self._count(record.account, CountKind.REGISTERED, record.source)

    def apply(self, steps: Iterable[Step]) -> None:
        with self._lock:
            for step in steps:
                self._keep(step.record)
                for outcome in step.outcomes:
                    self._count(step.record.account, CountKind.OUTCOME, outcome)
                if step.error_message is not None:
                    self._count(step.record.account, CountKind.ERROR, step.error_message)

    def count(self, account: str, kind: CountKind, name: str) -> None:
        with self._lock:
            self._count(account, kind, name)

    def _count(self, account: str, kind: CountKind, name: str) -> None:
        self._account(account).counts[CountKey(account, kind, name)] += 1

    def _account(self, name: str) -> _Account:
        """Return the account to be written to; one that is only looked at is not made."""
        return self._accounts.setdefault(name, _Account())

    def _keep(self, record: ContainerRecord) -> None:
        """Remember the container as it is now, unless it was removed."""
        if record.outcome is ContainerOutcome.REMOVED:
            self._forget(record.container_id)
            return
        self._owners[record.container_id] = record.account
        records = self._account(record.account).records
        records.pop(record.container_id, None)
        records[record.container_id] = record
        if record.is_tracked:
            self._tracked.add(record.container_id)
        else:
            self._tracked.discard(record.container_id)

    def _forget(self, container_id: str) -> None:
        owner = self._owners.pop(container_id, None)
        self._tracked.discard(container_id)
        if owner is not None:
            del self._accounts[owner].records[container_id]

    def forget(self, container_ids: Collection[str]) -> None:
        with self._lock:
            for container_id in container_ids:
                self._forget(container_id)

    @property
    def tracked(self) -> int:
        """Return how many containers are tracked, of all accounts together."""
        return len(self._tracked)

    def get(self, container_id: str) -> ContainerRecord | None:
        with self._lock:
            owner = self._owners.get(container_id)
            return None if owner is None else self._accounts[owner].records[container_id]

    def all(self) -> Sequence[ContainerRecord]:
        return self.state().records

    def of(self, account: str) -> Sequence[ContainerRecord]:
        """Return the account's containers, the last changed last."""
        with self._lock:
            return tuple(self._accounts.get(account, _NOTHING).records.values())

    def counts(self, account: str, kind: CountKind) -> dict[str, int]:
        with self._lock:
            return self._accounts.get(account, _NOTHING).count(kind)

    def summary(self, account: str, *, ended_since: float, with_statuses: bool) -> ContainerSummary:
        """Return the account's containers in numbers, by name too if asked for."""
        with self._lock:
            known = self._accounts.get(account)
            if known is None:
                return NO_CONTAINERS
            records = [
                record
                for record in known.records.values()
                if record.ended_at is None or record.ended_at >= ended_since
            ]
            outcomes = known.count(CountKind.OUTCOME)
            errors = known.count(CountKind.ERROR)
        statuses = {item.container_id: item.state.status for item in records}
        return ContainerSummary(
            by_status=MappingProxyType(Counter(statuses.values())),
            outcomes=MappingProxyType({ContainerOutcome(key): n for key, n in outcomes.items()}),
            errors=MappingProxyType({ContainerErrorMessage(key): n for key, n in errors.items()}),
            oldest_unfinished_at=min(
                (item.registered_at for item in records if _is_unfinished(item)), default=None
            ),
            statuses=MappingProxyType(dict(sorted(statuses.items())) if with_statuses else {}),
        )


def _is_unfinished(record: ContainerRecord) -> bool:
    return record.is_tracked and record.state.status in _UNFINISHED
