"""How an observation changes: each function returns the change for `Observations.change`."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from exporter.domain import (
    FailureReason,
    KnownError,
    Poll,
    Quota,
    QuotaKind,
    TokenInvalidReason,
    UsageResource,
)
from exporter.observations.model import (
    NO_CONTAINERS,
    AccountObservation,
    ContainerSummary,
    PollRecord,
    QuotaReading,
    TokenReading,
    UsageReading,
    nothing,
)
from exporter.observations.store import Change

_Counted = TypeVar("_Counted")

_NEVER_POLLED = PollRecord(succeeded=False)


def poll_succeeded(poll: Poll, now: float) -> Change:
    def change(seen: AccountObservation) -> AccountObservation:
        record = seen.polls.get(poll, _NEVER_POLLED)
        polled = replace(record, succeeded=True, total=record.total + 1, last_success_at=now)
        failures = {other: reason for other, reason in seen.last_failures.items() if other != poll}
        return replace(
            seen,
            polls=MappingProxyType({**seen.polls, poll: polled}),
            last_failures=MappingProxyType(failures) if failures else nothing(),
        )

    return change


def poll_failed(poll: Poll, reason: FailureReason) -> Change:
    def change(seen: AccountObservation) -> AccountObservation:
        record = seen.polls.get(poll, _NEVER_POLLED)
        polled = replace(
            record,
            succeeded=False,
            total=record.total + 1,
            failures=_one_more(record.failures, reason),
        )
        return replace(
            seen,
            polls=MappingProxyType({**seen.polls, poll: polled}),
            last_failures=MappingProxyType({**seen.last_failures, poll: reason}),
        )

    return change


def error_met(error: KnownError) -> Change:
    return lambda seen: replace(seen, errors=_one_more(seen.errors, error))


def quotas_read(
    quotas: Mapping[QuotaKind, Quota],
    now: float,
    refused: Mapping[QuotaKind, FailureReason] | None = None,
) -> Change:
    reading = QuotaReading(quotas, now)
    return lambda seen: replace(seen, quota_reading=reading, refused_quotas=refused or nothing())


def quotas_refused(refused: Mapping[QuotaKind, FailureReason]) -> Change:
    return lambda seen: replace(seen, refused_quotas=refused or nothing())


def token_replaced(reading: TokenReading) -> Change:
    """Forget what the old token showed; `reading` is what is known of the new one."""
    return lambda seen: replace(seen, token=reading, quota_reading=None, refused_quotas=nothing())


def token_valid(seen: AccountObservation) -> AccountObservation:
    return replace(seen, token=replace(seen.token, valid=True, invalid_reason=None))


def token_invalid(reason: TokenInvalidReason) -> Change:
    return lambda seen: replace(seen, token=replace(seen.token, valid=False, invalid_reason=reason))


def errors_reported(reported: Mapping[KnownError, int]) -> Change:
    def change(seen: AccountObservation) -> AccountObservation:
        if seen.reported_errors == reported:
            return seen
        return replace(seen, reported_errors=reported or nothing())

    return change


def usage_read(ratios: Mapping[UsageResource, float], now: float) -> Change:
    return lambda seen: replace(seen, usage_reading=UsageReading(ratios, now))


def containers_counted(summary: ContainerSummary) -> Change:
    def change(seen: AccountObservation) -> AccountObservation:
        if seen.containers == summary:
            return seen
        shared = NO_CONTAINERS if summary == NO_CONTAINERS else summary
        return replace(seen, containers=shared)

    return change


def paused_until(moment: float) -> Change:
    return lambda seen: replace(seen, paused_until=moment)


def _one_more(counts: Mapping[_Counted, int], what: _Counted) -> Mapping[_Counted, int]:
    return _shared(frozenset({**counts, what: counts.get(what, 0) + 1}.items()))


@lru_cache(maxsize=1024)
def _shared(counts: frozenset[tuple[_Counted, int]]) -> Mapping[_Counted, int]:
    """Return the one mapping of these counts: an outage has thousands of accounts fail alike."""
    return MappingProxyType(dict(counts))
