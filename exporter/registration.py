"""What publishers tell the exporter: containers to follow, and errors that they met."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import compress
from threading import Lock
from typing import Protocol

from exporter.clock import Clock
from exporter.containers.record import ContainerRecord
from exporter.containers.registry import CapacityError, ForeignContainerError
from exporter.containers.tracked import TrackedContainers
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
    """The API's backend; `names` are the accounts that publishers may tell of.

    `extended` is told of the accounts that have new containers, `changed` of an account whose
    containers or errors changed otherwise.
    """

    tracked: TrackedContainers
    names: Callable[[], Collection[str]]
    accounts: Callable[[], Mapping[str, AccountObservation]]
    token: Callable[[], Secret | None]
    extended: Callable[[Collection[str]], None]
    changed: Callable[[str], None]
    observer: RegistrationObserver
    allowances: Allowances
    going_first: Callable[[], AbstractContextManager[None]]

    @property
    def enabled(self) -> bool:
        return self.token() is not None

    def authorized(self, token: str) -> bool:
        expected = self.token()
        return expected is not None and same_token(token, expected.reveal())

    def register_each(
        self, requests: Sequence[Sequence[NewContainer]]
    ) -> Sequence[Sequence[Registration] | Exception]:
        refusals = [self._refusal(containers) for containers in requests]
        admitted = [
            [(item.account, item.container_id) for item in containers]
            for containers, refusal in zip(requests, refusals, strict=True)
            if refusal is None
        ]
        done = map(_outcome, self.tracked.register_each(admitted))
        outcomes = [refusal or next(done) for refusal in refusals]
        self._tell(requests, outcomes)
        return [
            outcome if isinstance(outcome, Exception) else self._registrations(containers, outcome)
            for containers, outcome in zip(requests, outcomes, strict=True)
        ]

    def _refusal(self, containers: Sequence[NewContainer]) -> Exception | None:
        """Return why the containers are not to be registered, before they are looked at."""
        numbers = Counter(item.account for item in containers)
        try:
            for name in numbers:
                self._require(name)
            self.allowances.spend(numbers)
        except (UnknownAccountError, RateLimitedError) as error:
            return error
        return None

    def _tell(
        self,
        requests: Sequence[Sequence[NewContainer]],
        outcomes: Sequence[Sequence[bool] | Exception],
    ) -> None:
        extended: set[str] = set()
        results: Counter[RegistrationResult] = Counter()
        for containers, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Exception):
                result = _RESULTS.get(type(outcome), RegistrationResult.UNAVAILABLE)
                results[result] += len(containers)
            else:
                results.update(_WHEN_NEW[is_new] for is_new in outcome)
                new = compress(containers, outcome)
                extended.update(item.account for item in new)
        if extended:
            self.extended(extended)
        for result, number in results.items():
            self.observer.registered(result, number)

    def _registrations(
        self, containers: Sequence[NewContainer], is_new: Sequence[bool]
    ) -> Sequence[Registration] | Exception:
        try:
            with _unavailable_without_store():
                records = self.tracked.get_each([item.container_id for item in containers])
        except StoreUnavailableError as error:
            return error
        if len(records) < len(containers):
            # One has been removed since.
            return StoreUnavailableError(_RETRY_SECONDS)
        return [Registration(*each) for each in zip(records, is_new, strict=True)]

    def _require(self, account: str) -> None:
        if account not in self.names():
            raise UnknownAccountError(account)

    def containers(self, query: ContainerQuery) -> Sequence[ContainerRecord]:
        if query.account is not None:
            self._require(query.account)
        with _unavailable_without_store():
            return self.tracked.find(
                limit=query.limit, after=query.after, account=query.account, status=query.status
            )

    def container(self, container_id: str) -> ContainerRecord | None:
        with _unavailable_without_store():
            return next(iter(self.tracked.get_each([container_id])), None)

    def remove(self, container_id: str) -> bool:
        with _unavailable_without_store():
            removed = self.tracked.remove(container_id)
        if removed is None:
            return False
        self.changed(removed.account)
        return True

    def report(self, account: str, error: str) -> KnownError:
        self._require(account)
        self.allowances.spend({account: 1})
        known = (explain(error) or UNKNOWN_ERROR).known
        with _unavailable_without_store():
            self.tracked.count_report(account, known.name)
        self.changed(account)
        return known


@contextmanager
def _unavailable_without_store() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise StoreUnavailableError(_RETRY_SECONDS) from None


def _outcome(outcome: Sequence[bool] | Exception) -> Sequence[bool] | Exception:
    """Return what the registry did, its errors as those of the API."""
    match outcome:
        case ForeignContainerError():
            return ContainerConflictError(outcome.container_id)
        case CapacityError():
            return TrackingFullError()
        case StoreError():
            return StoreUnavailableError(_RETRY_SECONDS)
        case _:
            return outcome


_RESULTS: Mapping[type[Exception], RegistrationResult] = {
    UnknownAccountError: RegistrationResult.REFUSED,
    ContainerConflictError: RegistrationResult.REFUSED,
    RateLimitedError: RegistrationResult.RATE_LIMITED,
    TrackingFullError: RegistrationResult.FULL,
    StoreUnavailableError: RegistrationResult.UNAVAILABLE,
}
_WHEN_NEW = {True: RegistrationResult.CREATED, False: RegistrationResult.KNOWN}
