"""The tracked containers, in memory: what is asked about them when, and how each ended."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from exporter.clock import Clock
from exporter.containers.model import TrackedContainer
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from exporter.observations.model import ContainerSummary

_UNFINISHED = frozenset(
    {ContainerStatus.PENDING, ContainerStatus.IN_PROGRESS, ContainerStatus.OTHER}
)
_PROCESSED = frozenset({ContainerStatus.FINISHED, ContainerStatus.ERROR})


class ContainerObserver(Protocol):
    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        """Take note of a container that is FINISHED or ERROR, that long after registration."""
        ...


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """How long a container is asked about, how often, and how long its end is remembered.

    Source: https://developers.facebook.com/docs/threads/troubleshooting recommends asking once
    per minute, for no more than 5 minutes.
    """

    interval: float = 60.0
    give_up_after: float = 300.0
    retention: float = 86_400.0


@dataclass(slots=True)
class _AccountContainers:
    tracked: dict[str, TrackedContainer] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    outcomes: Counter[ContainerOutcome] = field(default_factory=Counter)
    errors: Counter[ContainerErrorMessage] = field(default_factory=Counter)


class ContainerTracker:
    """Follows the listed containers of each account; safe to use from many threads."""

    def __init__(self, clock: Clock, observer: ContainerObserver) -> None:
        self._rules = TrackingRules()
        self._clock = clock
        self._observer = observer
        self._lock = Lock()
        self._accounts: dict[str, _AccountContainers] = {}

    def follow(
        self, listed: Mapping[str, Collection[str]], rules: TrackingRules
    ) -> Collection[str]:
        """Track these containers of these accounts; return the accounts that have new ones.

        One that is no longer listed is removed, unless it has ended: then it is kept in view for
        the retention.
        """
        with self._lock:
            self._rules = rules
            self._accounts = {
                name: self._accounts.get(name) or _AccountContainers() for name in listed
            }
            return [
                name
                for name, account in self._accounts.items()
                if self._list(account, listed[name])
            ]

    def _list(self, account: _AccountContainers, ids: Collection[str]) -> bool:
        account.listed = frozenset(ids)
        for container_id in account.tracked.keys() - account.listed:
            if account.tracked[container_id].is_open:
                del account.tracked[container_id]
                account.outcomes[ContainerOutcome.REMOVED] += 1
        new = [container_id for container_id in ids if container_id not in account.tracked]
        for container_id in new:
            account.tracked[container_id] = TrackedContainer(
                container_id, self._clock.wall(), self._clock.monotonic()
            )
        return bool(new)

    @property
    def interval(self) -> float:
        return self._rules.interval

    def has_containers(self, name: str) -> bool:
        with self._lock:
            account = self._accounts.get(name)
            return account is not None and bool(account.tracked)

    def has_open(self, name: str) -> bool:
        with self._lock:
            account = self._accounts.get(name)
            return account is not None and any(item.is_open for item in account.tracked.values())

    def due(self, name: str) -> Sequence[str]:
        """Return the containers to ask about now, having ended those whose time is up.

        The longest unasked come first: a run that breaks off must not keep from the same ones.
        """
        now = self._clock.monotonic()
        with self._lock:
            account = self._accounts.get(name)
            if account is None:
                return ()
            self._end_overdue(account, now)
            self._forget_ended(account, now)
            due = (
                container
                for container in account.tracked.values()
                if container.is_open and self._is_due(container, now)
            )
            return [item.container_id for item in sorted(due, key=_last_asked)]

    def _is_due(self, container: TrackedContainer, now: float) -> bool:
        # A tenth of leeway: a run that starts a little early must not wait for the next one.
        return container.asked_at is None or now - container.asked_at >= 0.9 * self._rules.interval

    def _end_overdue(self, account: _AccountContainers, now: float) -> None:
        for container in tuple(account.tracked.values()):
            if container.is_open and now - container.tracked_since >= self._rules.give_up_after:
                self._end(account, container, _outcome_of_silence(container), now)

    def _forget_ended(self, account: _AccountContainers, now: float) -> None:
        for container in tuple(account.tracked.values()):
            if container.container_id not in account.listed and not self._counts(container, now):
                del account.tracked[container.container_id]

    def _counts(self, container: TrackedContainer, now: float) -> bool:
        return container.ended_at is None or now - container.ended_at < self._rules.retention

    def answered(self, name: str, container_id: str, state: ContainerState) -> None:
        """Take Meta's answer on a container."""

        def answer(account: _AccountContainers, container: TrackedContainer, now: float) -> None:
            processed = container.processed or self._note_processing(container, state, now)
            answered = replace(
                container, state=state, asked_at=now, unknown_to_meta=False, processed=processed
            )
            account.tracked[container_id] = answered
            if answered.end is not None:
                self._end(account, answered, answered.end, now)

        self._with_open(name, container_id, answer)

    def unanswered(self, name: str, container_id: str, *, unknown_to_meta: bool) -> None:
        """Note that Meta told nothing of a container, maybe because it does not know it."""

        def note(account: _AccountContainers, container: TrackedContainer, now: float) -> None:
            unknown = container.unknown_to_meta or unknown_to_meta
            account.tracked[container_id] = replace(
                container, asked_at=now, unknown_to_meta=unknown
            )

        self._with_open(name, container_id, note)

    def _with_open(
        self,
        name: str,
        container_id: str,
        change: Callable[[_AccountContainers, TrackedContainer, float], None],
    ) -> None:
        with self._lock:
            account = self._accounts.get(name)
            container = account.tracked.get(container_id) if account else None
            if account is not None and container is not None and container.is_open:
                change(account, container, self._clock.monotonic())

    def _note_processing(
        self, container: TrackedContainer, state: ContainerState, now: float
    ) -> bool:
        processed = state.status in _PROCESSED
        if processed:
            self._observer.container_processed(state.status, now - container.tracked_since)
        return processed

    def _end(
        self,
        account: _AccountContainers,
        container: TrackedContainer,
        outcome: ContainerOutcome | None,
        now: float,
    ) -> None:
        account.tracked[container.container_id] = replace(container, outcome=outcome, ended_at=now)
        if outcome is not None:
            account.outcomes[outcome] += 1
        if container.state.error_message is not None:
            account.errors[container.state.error_message] += 1

    def summary(self, name: str) -> ContainerSummary:
        now = self._clock.monotonic()
        with self._lock:
            account = self._accounts.get(name)
            if account is None:
                return ContainerSummary()
            counted = [
                container for container in account.tracked.values() if self._counts(container, now)
            ]
            return ContainerSummary(
                by_status=MappingProxyType(Counter(item.state.status for item in counted)),
                outcomes=MappingProxyType(dict(account.outcomes)),
                errors=MappingProxyType(dict(account.errors)),
                oldest_unfinished_at=min(
                    (item.registered_at for item in counted if _is_unfinished(item)), default=None
                ),
            )


def _last_asked(container: TrackedContainer) -> float:
    return -math.inf if container.asked_at is None else container.asked_at


def _is_unfinished(container: TrackedContainer) -> bool:
    return container.is_open and container.state.status in _UNFINISHED


def _outcome_of_silence(container: TrackedContainer) -> ContainerOutcome | None:
    """Return what became of a container by the end of its time; FINISHED waits to be published."""
    if container.unknown_to_meta:
        return ContainerOutcome.LOST
    return ContainerOutcome.GAVE_UP if container.state.status in _UNFINISHED else None
