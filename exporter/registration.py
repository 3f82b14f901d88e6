"""What publishers tell the exporter: containers to follow, and errors that they met."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from exporter.clock import Clock
from exporter.containers.record import ContainerRecord
from exporter.containers.registry import CapacityError, ContainerRegistry, ForeignContainerError
from exporter.containers.trouble import StoreError
from exporter.domain import KnownError, RegistrationResult
from exporter.observations.model import AccountObservation
from exporter.secret import Secret
from exporter.threads_api.catalogue import UNKNOWN_ERROR
from exporter.threads_api.explain import explain
from exporter.web.api.backend import (
    ContainerConflictError,
    ContainerQuery,
    NewContainer,
    RateLimitedError,
    Registration,
    StoreUnavailableError,
    TrackingFullError,
)
from exporter.web.api.credentials import same_token
from exporter.web.backend import UnknownAccountError

_RETRY_SECONDS = 5.0
_BURST = 2_000.0
_PER_SECOND = 20.0


class RegistrationObserver(Protocol):
    def registered(self, result: RegistrationResult, count: int = 1) -> None:
        """Take note of what became of registered containers."""
        ...


class Allowances:
    """How many submissions each account has left: a burst, which fills up again steadily."""

    def __init__(
        self, clock: Clock, burst: float = _BURST, per_second: float = _PER_SECOND
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._per_second = per_second
        self._lock = Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, numbers: Mapping[str, int]) -> None:
        """Take that many of each account or none; raises RateLimitedError if one has too few."""
        now = self._clock.monotonic()
        with self._lock:
            left = {name: self._left_at(now, name) - number for name, number in numbers.items()}
            lacking = -min(left.values(), default=0.0)
            if lacking > 0:
                raise RateLimitedError(lacking / self._per_second)
            self._left |= {name: (rest, now) for name, rest in left.items()}

    def _left_at(self, now: float, account: str) -> float:
        left, since = self._left.get(account, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_second)


@dataclass(frozen=True, slots=True)
class RegistrationApi:
    """The API's backend; `changed` is told of each account whose containers or errors changed."""

    tracked: ContainerRegistry
    accounts: Callable[[], Mapping[str, AccountObservation]]
    token: Callable[[], Secret | None]
    changed: Callable[[str], None]
    observer: RegistrationObserver
    allowances: Allowances

    @property
    def enabled(self) -> bool:
        return self.token() is not None

    def authorized(self, token: str) -> bool:
        expected = self.token()
        return expected is not None and same_token(token, expected.reveal())

    def register(self, containers: Sequence[NewContainer]) -> Sequence[Registration]:
        try:
            new = self._register(containers)
        except tuple(_RESULTS) as error:
            self.observer.registered(_RESULTS[type(error)], len(containers))
            raise
        for item in {item.account for item in containers}:
            self.changed(item)
        self.observer.registered(RegistrationResult.CREATED, sum(new))
        self.observer.registered(RegistrationResult.KNOWN, len(new) - sum(new))
        return [
            Registration(self._existing(item.container_id), is_new=is_new)
            for item, is_new in zip(containers, new, strict=True)
        ]

    def _register(self, containers: Sequence[NewContainer]) -> Sequence[bool]:
        numbers = Counter(item.account for item in containers)
        for name in numbers:
            self._require(name)
        self.allowances.spend(numbers)
        try:
            return self.tracked.register([(item.account, item.container_id) for item in containers])
        except ForeignContainerError as error:
            raise ContainerConflictError(error.container_id) from None
        except CapacityError:
            raise TrackingFullError from None
        except StoreError:
            raise StoreUnavailableError(_RETRY_SECONDS) from None

    def _existing(self, container_id: str) -> ContainerRecord:
        record = self.tracked.get(container_id)
        if record is None:
            raise StoreUnavailableError(_RETRY_SECONDS)
        return record

    def _require(self, account: str) -> None:
        if account not in self.accounts():
            raise UnknownAccountError(account)

    def containers(self, query: ContainerQuery) -> Sequence[ContainerRecord]:
        if query.account is not None:
            self._require(query.account)
        matches = (
            record
            for record in self.tracked.all()
            if record.container_id > query.after
            and query.account in (None, record.account)
            and query.status in (None, record.state.status)
        )
        return sorted(matches, key=lambda record: record.container_id)[: query.limit]

    def container(self, container_id: str) -> ContainerRecord | None:
        return self.tracked.get(container_id)

    def remove(self, container_id: str) -> bool:
        try:
            removed = self.tracked.remove(container_id)
        except StoreError:
            raise StoreUnavailableError(_RETRY_SECONDS) from None
        if removed is None:
            return False
        self.changed(removed.account)
        return True

    def report(self, account: str, error: str) -> KnownError:
        self._require(account)
        self.allowances.spend({account: 1})
        known = (explain(error) or UNKNOWN_ERROR).known
        try:
            self.tracked.count_report(account, known.name)
        except StoreError:
            raise StoreUnavailableError(_RETRY_SECONDS) from None
        self.changed(account)
        return known


_RESULTS: Mapping[type[Exception], RegistrationResult] = {
    UnknownAccountError: RegistrationResult.REFUSED,
    ContainerConflictError: RegistrationResult.REFUSED,
    RateLimitedError: RegistrationResult.RATE_LIMITED,
    TrackingFullError: RegistrationResult.FULL,
    StoreUnavailableError: RegistrationResult.UNAVAILABLE,
}
