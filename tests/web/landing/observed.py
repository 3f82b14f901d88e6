from collections.abc import Mapping

from exporter.domain import AccountIdentity, FailureReason, Poll, Quota, QuotaKind
from exporter.observations.model import AccountObservation, PollRecord, QuotaReading, TokenReading

NOW = 1_790_000_000.0
DAY = 86400


def seen(name: str = "acme", user_id: str = "me") -> AccountObservation:
    return AccountObservation(AccountIdentity(name, user_id, "", {}))


def token(*, valid: bool | None = None, expires_in: float | None = None) -> TokenReading:
    expires_at = None if expires_in is None else int(NOW + expires_in)
    return TokenReading(valid=valid, expires_at=expires_at)


def quotas(**usages: tuple[int, int | None]) -> QuotaReading:
    found = {QuotaKind(kind): Quota(*usage, DAY) for kind, usage in usages.items()}
    return QuotaReading(found, 0.0)


def polled(**succeeded: bool) -> Mapping[Poll, PollRecord]:
    return {Poll(poll): PollRecord(success) for poll, success in succeeded.items()}


def failed(**reasons: str) -> Mapping[Poll, FailureReason]:
    return {Poll(poll): FailureReason(reason) for poll, reason in reasons.items()}
