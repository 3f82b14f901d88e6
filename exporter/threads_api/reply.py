from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.domain import FailureReason, KnownError, TokenInvalidReason
from exporter.threads_api.catalogue import RateLimitScope
from exporter.threads_api.usage import NO_LIMITS, Limits, Ratios

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a question to Meta has no answer; nothing in it is Meta's own text.

    `error` is the catalogue's entry where Meta answered with an error, `detail` our own words on
    an answer that is not as documented, `retry_after` the wait in seconds that Meta named.
    """

    reason: FailureReason
    error: KnownError | None = None
    code: int | str | None = None
    subcode: int | None = None
    trace_id: str | None = None
    token_reason: TokenInvalidReason | None = None
    scope: RateLimitScope | None = None
    retry_after: float | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Reply(Generic[T_co]):
    """What came of one call: a value or a failure, and what the headers tell of the limits."""

    outcome: T_co | Failure
    limits: Limits = NO_LIMITS

    @property
    def usage(self) -> Ratios:
        return self.limits.ratios
