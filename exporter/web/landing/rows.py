"""What the landing page says of an account: plain values, no HTML."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.domain import ContainerStatus, FailureReason, Poll, Quota, QuotaKind
from exporter.observations.model import AccountObservation, ContainerSummary, TokenReading
from exporter.web.landing.attention import (
    Tone,
    is_exhausted,
    needs_of,
    token_expires_soon,
    token_is_invalid,
)
from exporter.web.landing.durations import in_words

_NEARLY_EXHAUSTED = 0.8
_UNFINISHED = (ContainerStatus.PENDING, ContainerStatus.IN_PROGRESS)
_FAILED = (ContainerStatus.ERROR, ContainerStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Badge:
    text: str
    tone: Tone
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuotaCell:
    """A quota's use; `share` of its limit is None where Meta named no limit."""

    usage: int
    limit: int | None
    share: float | None
    tone: Tone


@dataclass(frozen=True, slots=True)
class AccountRow:
    name: str
    user_id: str
    tone: Tone
    token: Badge
    quotas: Mapping[QuotaKind, QuotaCell | FailureReason]
    unfinished: int
    failed: int
    quota_seen: str
    failures: tuple[Badge, ...]
    paused: str


def row_of(observation: AccountObservation, now: float) -> AccountRow:
    """Return the row of an account as of `now`, in Unix seconds."""
    containers = observation.containers
    return AccountRow(
        name=observation.identity.name,
        user_id=observation.identity.user_id,
        tone=next((need.tone for need in needs_of(observation, now)), Tone.QUIET),
        token=_token(observation.token, now),
        quotas=_quotas(observation),
        unfinished=_count(containers, _UNFINISHED),
        failed=_count(containers, _FAILED),
        quota_seen=_quota_seen(observation, now),
        failures=_failures(observation),
        paused=_paused(observation.paused_until, now),
    )


def _token(token: TokenReading, now: float) -> Badge:
    if token_is_invalid(token, now):
        return Badge(_why_invalid(token), Tone.BAD, _expiry(token, now))
    if token_expires_soon(token, now):
        return Badge("expires soon", Tone.NOTICE, _expiry(token, now))
    if token.valid is None:
        return Badge("unknown yet", Tone.QUIET, _expiry(token, now))
    return Badge("valid", Tone.GOOD, _expiry(token, now))


def _why_invalid(token: TokenReading) -> str:
    if token.invalid_reason is None:
        return "expired" if token.valid is not False else "invalid"
    return token.invalid_reason.value.replace("_", " ")


def _expiry(token: TokenReading, now: float) -> str:
    """Return the time to or since the expiry; to a token that is invalid already, none is left."""
    if token.expires_at is None:
        return ""
    left = token.expires_at - now
    if left <= 0:
        return f"expired {in_words(-left)} ago"
    return "" if token.valid is False else f"expires in {in_words(left)}"


def _quotas(observation: AccountObservation) -> Mapping[QuotaKind, QuotaCell | FailureReason]:
    reading = observation.quota_reading
    seen = {} if reading is None else reading.quotas
    cells = {kind: _quota(quota) for kind, quota in seen.items()}
    return {**observation.refused_quotas, **cells}


def _quota(quota: Quota) -> QuotaCell:
    share = quota.usage / quota.limit if quota.limit else None
    if is_exhausted(quota):
        tone = Tone.BAD
    elif share is not None and share >= _NEARLY_EXHAUSTED:
        tone = Tone.NOTICE
    else:
        tone = Tone.GOOD
    return QuotaCell(quota.usage, quota.limit, share, tone)


def _count(containers: ContainerSummary, statuses: tuple[ContainerStatus, ...]) -> int:
    return sum(containers.by_status.get(status, 0) for status in statuses)


def _quota_seen(observation: AccountObservation, now: float) -> str:
    record = observation.polls.get(Poll.QUOTA)
    if record is None or record.last_success_at is None:
        return "never"
    return f"{in_words(now - record.last_success_at)} ago"


def _failures(observation: AccountObservation) -> tuple[Badge, ...]:
    """Return each poll's last failure, those first that a success has not followed."""
    badges = [_failure(observation, poll) for poll in Poll if poll in observation.last_failures]
    return tuple(sorted(badges, key=lambda badge: badge.tone is Tone.QUIET))


def _failure(observation: AccountObservation, poll: Poll) -> Badge:
    reason = observation.last_failures[poll].value.replace("_", " ")
    record = observation.polls.get(poll)
    recovered = record is None or record.succeeded
    return Badge(f"{poll.value}: {reason}", Tone.QUIET if recovered else Tone.BAD)


def _paused(until: float | None, now: float) -> str:
    return "" if until is None or until <= now else f"paused for {in_words(until - now)}"
