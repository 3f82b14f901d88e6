"""What the API needs from the rest of the exporter."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from exporter.domain import ContainerOutcome, ContainerState, ContainerStatus, KnownError
from exporter.observations.model import AccountObservation


@dataclass(frozen=True, slots=True)
class NewContainer:
    """A container as a publisher names it; the id is 1 to 32 ASCII digits."""

    account: str
    container_id: str


class ContainerView(Protocol):
    """What is known of a container; times are Unix seconds."""

    @property
    def account(self) -> str: ...

    @property
    def container_id(self) -> str: ...

    @property
    def state(self) -> ContainerState: ...

    @property
    def outcome(self) -> ContainerOutcome | None: ...

    @property
    def registered_at(self) -> float: ...

    @property
    def asked_at(self) -> float | None: ...

    @property
    def ended_at(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Registration:
    container: ContainerView
    is_new: bool


@dataclass(frozen=True, slots=True)
class ContainerQuery:
    """Which containers are asked for; `after` is the id that the last page ended with."""

    limit: int
    after: str = ""
    account: str | None = None
    status: ContainerStatus | None = None


class ContainerConflictError(Exception):
    """The container is registered for another account."""

    def __init__(self, container_id: str) -> None:
        super().__init__(container_id)
        self.container_id = container_id


class RateLimitedError(Exception):
    """An account's registrations or reports come too fast; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class TrackingFullError(Exception):
    """As many containers are tracked as `containers.max_tracked` allows."""


class StoreUnavailableError(Exception):
    """The store takes nothing at the moment; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class ApiBackend(Protocol):
    """What the API shows and changes.

    `enabled`, `authorized` and `going_first` are called in the event loop: they answer from memory.
    The others are called in worker threads, several at once. What changes something returns after
    the commit, and has changed nothing when it raises.
    """

    @property
    def enabled(self) -> bool:
        """Tell whether `container_api.token_file` is configured."""
        ...

    def authorized(self, token: str) -> bool:
        """Tell whether the token is the configured one, by `same_token`."""
        ...

    def going_first(self) -> AbstractContextManager[None]:
        """Return a context for the answer to one request, in which polls wait, a moment each."""
        ...

    def register_each(
        self, requests: Sequence[Sequence[NewContainer]]
    ) -> Sequence[Sequence[Registration] | Exception]:
        """Track all containers of a request, each id named once, or none of them.

        Returns for each request one registration for each of its containers, in their order, or
        what it failed with: UnknownAccountError(account), ContainerConflictError,
        RateLimitedError, TrackingFullError, StoreUnavailableError.
        """
        ...

    def containers(self, query: ContainerQuery) -> Sequence[ContainerView]:
        """Return the first `limit` matches with an id past `after`, ids ordered as ASCII text.

        Raises UnknownAccountError(account), StoreUnavailableError.
        """
        ...

    def container(self, container_id: str) -> ContainerView | None:
        """Return a container, None for one that is not known; raises StoreUnavailableError."""
        ...

    def remove(self, container_id: str) -> bool:
        """Forget a container, and tell whether it was known; raises StoreUnavailableError."""
        ...

    def report(self, account: str, error: str) -> KnownError:
        """Classify and count an error, given as a message or a JSON body.

        Raises UnknownAccountError(account), RateLimitedError, StoreUnavailableError.
        """
        ...

    def accounts(self) -> Mapping[str, AccountObservation]:
        """Return what was last seen of each account, by name."""
        ...


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Bounds of the API; `max_body` holds any batch of 1 000 whose account names are ASCII."""

    version: str
    max_body: int = 256 * 1024
    max_requests: int = 64
