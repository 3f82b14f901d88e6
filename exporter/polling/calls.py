"""The one way to Meta: within the pauses and the budget, and each answer's lessons noted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from exporter.clock import Clock
from exporter.domain import FailureReason, PausedScope, TokenInvalidReason
from exporter.observations import changes
from exporter.observations.store import Change, Observations
from exporter.polling.account import PolledAccount
from exporter.polling.budget import CallBudget
from exporter.polling.pauses import Pauses
from exporter.secret import Secret
from exporter.threads_api.catalogue import RateLimitScope
from exporter.threads_api.reply import Failure, Reply
from exporter.threads_api.usage import Limits

T = TypeVar("T")

INSPECTOR = str(PausedScope.INSPECTOR)

ABOUT_THE_PAYER = frozenset(
    {
        FailureReason.TOKEN_INVALID,
        FailureReason.RATE_LIMITED,
        FailureReason.RESTRICTED,
        FailureReason.BUDGET,
    }
)
"""Failures that are those of whose token paid for a call, not of the account it is about."""

_RESTRICTED_SECONDS = 3600.0


def account_key(name: str) -> str:
    return f"{PausedScope.ACCOUNT} {name}"


def app_key(app: str) -> str:
    return f"{PausedScope.APP} {app}"


def _scope_of(key: str) -> PausedScope:
    return PausedScope(key.partition(" ")[0])


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes calls about accounts; the payer is whose token a call spends."""

    budget: CallBudget
    pauses: Pauses
    observations: Observations
    clock: Clock

    def with_own_token(
        self, account: PolledAccount, call: Callable[[Secret], Reply[T]]
    ) -> T | Failure:
        """Make a call with the account's token, unless it is known to be dead."""
        if account.token.valid is False:
            return Failure(FailureReason.TOKEN_INVALID)
        return self.try_token(account, call)

    def try_token(self, account: PolledAccount, call: Callable[[Secret], Reply[T]]) -> T | Failure:
        """Make a call with the account's token; the answer shows whether Meta takes it."""
        token = account.token.current
        outcome = self.make(account, account_key(account.name), lambda: call(token))
        if not isinstance(outcome, Failure):
            self._token_taken(account, token)
        elif outcome.reason is FailureReason.TOKEN_INVALID:
            self.token_refused(account, token, outcome.token_reason)
        return outcome

    def make(self, account: PolledAccount, payer: str, call: Callable[[], Reply[T]]) -> T | Failure:
        """Make a call about the account, unless a pause or the payer's budget forbids it."""
        scopes = payer, app_key(account.identity.app)
        if reason := self.pauses.enter(*scopes):
            self._show_pause(account)
            return Failure(reason)
        outcome: T | Failure | None = None
        try:
            outcome = self._spend(account, payer, call)
        finally:
            went_through = not isinstance(outcome, Failure | None)
            self.pauses.leave(*scopes, went_through=went_through)
        return outcome

    def _spend(
        self, account: PolledAccount, payer: str, call: Callable[[], Reply[T]]
    ) -> T | Failure:
        if not self.budget.spend(payer):
            return Failure(FailureReason.BUDGET)
        reply = call()
        if isinstance(reply.outcome, Failure):
            self._learn(account, payer, reply.outcome)
        if reply.limits.used:
            self._heed(account, payer, reply.limits)
        return reply.outcome

    def is_near_limit(self, account: PolledAccount) -> bool:
        """Return whether little is left of what Meta allows the account or its app."""
        return self.pauses.is_near_limit(account_key(account.name), app_key(account.identity.app))

    def paused_scopes(self) -> Mapping[PausedScope, int]:
        """Return how many of each are paused now."""
        paused = Counter(map(_scope_of, self.pauses.paused()))
        return {scope: paused[scope] for scope in PausedScope}

    def token_refused(
        self, account: PolledAccount, token: Secret, reason: TokenInvalidReason | None
    ) -> None:
        if account.token.judge(token, valid=False, now=self.clock.monotonic()):
            self.note(account, changes.token_invalid(reason or TokenInvalidReason.OTHER))

    def note(self, account: PolledAccount, change: Change) -> None:
        """Change what is shown of the account, unless another has taken its name."""
        if not account.retired:
            self.observations.change(account.name, change)

    def _token_taken(self, account: PolledAccount, token: Secret) -> None:
        if account.token.valid is not True and account.token.judge(
            token, valid=True, now=self.clock.monotonic()
        ):
            self.note(account, changes.token_valid)

    def _learn(self, account: PolledAccount, payer: str, failure: Failure) -> None:
        own = payer == account_key(account.name)
        if failure.error is not None and (own or failure.reason not in ABOUT_THE_PAYER):
            self.note(account, changes.error_met(failure.error))
        if failure.scope is not None:
            app = app_key(account.identity.app)
            scope = app if failure.scope is RateLimitScope.APP else payer
            self.pauses.impose(scope, failure.reason, failure.retry_after)
        elif failure.reason is FailureReason.RESTRICTED:
            wait = failure.retry_after or _RESTRICTED_SECONDS
            self.pauses.impose(payer, failure.reason, wait)
        self._show_pause(account)

    def _heed(self, account: PolledAccount, payer: str, limits: Limits) -> None:
        if payer == account_key(account.name):
            self.note(account, changes.usage_read(limits.ratios, self.clock.monotonic()))
        for scope, ratios in limits.used.items():
            key = app_key(account.identity.app) if scope is RateLimitScope.APP else payer
            self.pauses.heed_usage(key, max(ratios.values()), limits.wait)
        self._show_pause(account)

    def _show_pause(self, account: PolledAccount) -> None:
        keys = account_key(account.name), app_key(account.identity.app)
        if remaining := self.pauses.remaining(*keys):
            self.note(account, changes.paused_until(self.clock.wall() + remaining))
