"""An account as the polls see it: who it is, its token of the moment, and what Meta refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from threading import Lock
from types import MappingProxyType

from exporter.domain import AccountIdentity, FailureReason, QuotaKind
from exporter.observations.model import TokenReading, nothing
from exporter.polling.held_token import RECHECK_SECONDS, HeldToken

_REFUSED_WAY_SECONDS = 24 * 3600.0


class TokenCheck(Enum):
    """The ways to learn of a token, best first; each may be refused by Meta."""

    BY_INSPECTOR = auto()
    BY_ITSELF = auto()


@dataclass(frozen=True, slots=True)
class _Refusal:
    reason: FailureReason
    retry_at: float


class PolledAccount:
    """Times are monotonic seconds. Polls of one account may run at the same time.

    Once `retired`, what polls under way still learn is of nobody who is shown.
    """

    __slots__ = (
        "_doubt_at",
        "_lock",
        "_refused_checks",
        "_refused_quotas",
        "_token_expires_at",
        "identity",
        "retired",
        "token",
    )

    def __init__(
        self, identity: AccountIdentity, token: HeldToken, token_expires_at: int | None = None
    ) -> None:
        self.identity = identity
        self.token = token
        self.retired = False
        self._token_expires_at = token_expires_at
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._doubt_at = 0.0
        self._refused_checks: Mapping[TokenCheck, float] = nothing()
        self._refused_quotas: Mapping[QuotaKind, _Refusal] = nothing()

    def identify(self, identity: AccountIdentity) -> None:
        """Take another identity of the same name; an equal one is shared with what was observed."""
        if identity != self.identity:
            self.identity = identity

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def unread_token(self) -> TokenReading:
        """Return what is known of the token before Meta says anything."""
        return TokenReading(expires_at=self._token_expires_at)

    def forget_refusals(self) -> None:
        with self._lock:
            self._forget()

    def claim_doubt(self, now: float) -> bool:
        """Return whether to ask, at most hourly, if an odd failure is the token's."""
        with self._lock:
            due = now >= self._doubt_at
            if due:
                self._doubt_at = now + RECHECK_SECONDS
            return due

    def takes_check(self, check: TokenCheck, now: float) -> bool:
        return now >= self._refused_checks.get(check, 0.0)

    def check_refused(self, check: TokenCheck, now: float) -> None:
        with self._lock:
            retry_at = now + _REFUSED_WAY_SECONDS
            self._refused_checks = {**self._refused_checks, check: retry_at}

    def quota_groups(self, now: float) -> Sequence[tuple[QuotaKind, ...]]:
        """Return the quotas to ask for, a call each: the granted together, the doubtful alone."""
        with self._lock:
            granted = tuple(kind for kind in QuotaKind if kind not in self._refused_quotas)
            doubtful = [
                (kind,) for kind, refusal in self._refused_quotas.items() if now >= refusal.retry_at
            ]
        return [granted, *doubtful] if granted else doubtful

    def quota_refused(self, kind: QuotaKind, reason: FailureReason, now: float) -> None:
        with self._lock:
            refusal = _Refusal(reason, now + RECHECK_SECONDS)
            self._refused_quotas = {**self._refused_quotas, kind: refusal}

    def quotas_granted(self, kinds: Sequence[QuotaKind]) -> None:
        with self._lock:
            if not self._refused_quotas.keys().isdisjoint(kinds):
                refused = self._refused_quotas.items()
                self._refused_quotas = {kind: why for kind, why in refused if kind not in kinds}

    @property
    def refused_quotas(self) -> Mapping[QuotaKind, FailureReason]:
        with self._lock:
            return MappingProxyType(
                {kind: refusal.reason for kind, refusal in self._refused_quotas.items()}
            )
