from enum import IntEnum, StrEnum

from exporter.domain import Quota
from exporter.observations.model import AccountObservation, TokenReading

EXPIRES_SOON = 7 * 86400


class Tone(StrEnum):
    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"
    QUIET = "quiet"


class Need(IntEnum):
    """What an account needs a hand with, the most urgent first."""

    TOKEN_INVALID = 0
    QUOTA_EXHAUSTED = 1
    TOKEN_EXPIRES = 2
    POLLS_FAIL = 3

    @property
    def tone(self) -> Tone:
        return Tone.BAD if self <= Need.QUOTA_EXHAUSTED else Tone.NOTICE


def needs_of(observation: AccountObservation, now: float) -> tuple[Need, ...]:
    """Return what the account needs, the most urgent first; `now` is Unix seconds."""
    found = {
        Need.TOKEN_INVALID: token_is_invalid(observation.token, now),
        Need.QUOTA_EXHAUSTED: any(map(is_exhausted, _quotas(observation))),
        Need.TOKEN_EXPIRES: token_expires_soon(observation.token, now),
        Need.POLLS_FAIL: any(not record.succeeded for record in observation.polls.values()),
    }
    return tuple(need for need, present in found.items() if present)


def token_is_invalid(token: TokenReading, now: float) -> bool:
    expired = token.expires_at is not None and token.expires_at <= now
    return token.valid is False or expired


def token_expires_soon(token: TokenReading, now: float) -> bool:
    if token.expires_at is None or token_is_invalid(token, now):
        return False
    return token.expires_at - now < EXPIRES_SOON


def is_exhausted(quota: Quota) -> bool:
    """Tell whether a limit is used up; one of 0 allows nothing and cannot be."""
    return bool(quota.limit) and quota.usage >= (quota.limit or 0)


def _quotas(observation: AccountObservation) -> tuple[Quota, ...]:
    reading = observation.quota_reading
    return () if reading is None else tuple(reading.quotas.values())
