from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from exporter.domain import (
    AccountIdentity,
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerStatus,
    FailureReason,
    KnownError,
    Poll,
    Quota,
    QuotaKind,
    TokenInvalidReason,
    UsageResource,
)

K = TypeVar("K")
V = TypeVar("V")

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def nothing() -> Mapping[K, V]:
    """Return the one empty mapping: thousands of accounts have several."""
    return _NOTHING


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """The quotas of one answer; `read_at` is monotonic, so that a clock change stales nothing."""

    quotas: Mapping[QuotaKind, Quota]
    read_at: float


@dataclass(frozen=True, slots=True)
class UsageReading:
    """The used shares of Meta's rate limits of one answer; `read_at` is monotonic."""

    ratios: Mapping[UsageResource, float]
    read_at: float


@dataclass(frozen=True, slots=True)
class TokenReading:
    """What is known of a token; times are Unix seconds, None while unknown.

    `valid` is None until a first answer tells, `scopes` until debug_token named them.
    """

    valid: bool | None = None
    invalid_reason: TokenInvalidReason | None = None
    expires_at: int | None = None
    data_access_expires_at: int | None = None
    issued_at: int | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class PollRecord:
    """How a poll has gone; `succeeded` is the last one, `last_success_at` is Unix seconds."""

    succeeded: bool
    total: int = 0
    failures: Mapping[FailureReason, int] = field(default_factory=nothing)
    last_success_at: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """The tracked containers of an account; `oldest_unfinished_at` is Unix seconds.

    `statuses` names each container, and is empty unless there is to be a series for each.
    """

    by_status: Mapping[ContainerStatus, int] = field(default_factory=nothing)
    outcomes: Mapping[ContainerOutcome, int] = field(default_factory=nothing)
    errors: Mapping[ContainerErrorMessage, int] = field(default_factory=nothing)
    oldest_unfinished_at: float | None = None
    statuses: Mapping[str, ContainerStatus] = field(default_factory=nothing)


NO_CONTAINERS = ContainerSummary()


@dataclass(frozen=True, slots=True)
class AccountObservation:
    """All that was last seen of one account. Replaced whole at each change, never altered."""

    identity: AccountIdentity
    quota_reading: QuotaReading | None = None
    refused_quotas: Mapping[QuotaKind, FailureReason] = field(default_factory=nothing)
    token: TokenReading = TokenReading()
    polls: Mapping[Poll, PollRecord] = field(default_factory=nothing)
    last_failures: Mapping[Poll, FailureReason] = field(default_factory=nothing)
    errors: Mapping[KnownError, int] = field(default_factory=nothing)
    reported_errors: Mapping[KnownError, int] = field(default_factory=nothing)
    usage_reading: UsageReading | None = None
    containers: ContainerSummary = NO_CONTAINERS
    paused_until: float | None = None
    """Unix seconds until which Meta's rate limit keeps this account's calls back."""

    @property
    def is_polled(self) -> bool:
        """Whether it was asked for its quota and about its token, with or without success."""
        return Poll.QUOTA in self.polls and Poll.TOKEN in self.polls
