from collections.abc import Mapping
from enum import StrEnum

from exporter.domain import ContainerStatus, Poll, Quota
from exporter.observations.model import AccountObservation, TokenReading
from exporter.web.api.timestamps import rfc3339
from exporter.web.landing.attention import needs_of, token_expires_soon, token_is_invalid


class TokenState(StrEnum):
    VALID = "valid"
    EXPIRES_SOON = "expires_soon"
    INVALID = "invalid"
    UNKNOWN = "unknown"


def account_json(seen: AccountObservation, now: float) -> dict[str, object]:
    """Return what the landing page's row says, as of `now` in Unix seconds."""
    counts = seen.containers.by_status
    return {
        "name": seen.identity.name,
        "user_id": seen.identity.user_id,
        "needs": [need.name.lower() for need in needs_of(seen, now)],
        "token": _token(seen.token, now),
        "quotas": _quotas(seen),
        "refused_quotas": dict(seen.refused_quotas),
        "containers": {status: counts.get(status, 0) for status in ContainerStatus},
        "polls": {poll: _poll(seen, poll) for poll in Poll},
        "paused_until": _paused_until(seen.paused_until, now),
    }


def _token(token: TokenReading, now: float) -> Mapping[str, object]:
    return {
        "state": _token_state(token, now),
        "invalid_reason": token.invalid_reason,
        "expires_at": rfc3339(token.expires_at),
        "data_access_expires_at": rfc3339(token.data_access_expires_at),
        "issued_at": rfc3339(token.issued_at),
    }


def _token_state(token: TokenReading, now: float) -> TokenState:
    if token_is_invalid(token, now):
        return TokenState.INVALID
    if token_expires_soon(token, now):
        return TokenState.EXPIRES_SOON
    return TokenState.UNKNOWN if token.valid is None else TokenState.VALID


def _quotas(seen: AccountObservation) -> Mapping[str, object]:
    reading = seen.quota_reading
    return {} if reading is None else {kind: _quota(q) for kind, q in reading.quotas.items()}


def _quota(quota: Quota) -> Mapping[str, object]:
    return {
        "usage": quota.usage,
        "limit": quota.limit,
        "window_seconds": quota.window_seconds,
    }


def _poll(seen: AccountObservation, poll: Poll) -> Mapping[str, object]:
    record = seen.polls.get(poll)
    return {
        "succeeded": None if record is None else record.succeeded,
        "last_success_at": None if record is None else rfc3339(record.last_success_at),
        "last_failure": seen.last_failures.get(poll),
    }


def _paused_until(until: float | None, now: float) -> str | None:
    return None if until is None or until <= now else rfc3339(until)
