from dataclasses import replace

from exporter.domain import FailureReason, TokenFacts, TokenInvalidReason
from exporter.observations.model import TokenReading
from exporter.polling.account import PolledAccount, TokenCheck
from exporter.polling.calls import ABOUT_THE_PAYER, INSPECTOR, Calls, account_key
from exporter.polling.held_token import HeldToken
from exporter.polling.outcome import Done, PollOutcome
from exporter.secret import Secret
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.reply import Failure

_REFUSALS = frozenset(
    {
        FailureReason.PERMISSION,
        FailureReason.UNSUPPORTED,
        FailureReason.NOT_FOUND,
        FailureReason.HTTP_ERROR,
    }
)


class TokenPoll:
    """Learns of an account's token: from debug_token, else whether /me takes it.

    debug_token is asked with the inspector's token if there is one, else with the account's own.
    """

    def __init__(self, client: ThreadsClient, calls: Calls, inspector: HeldToken | None) -> None:
        self._client = client
        self._calls = calls
        self._inspector = inspector

    def run(self, account: PolledAccount) -> PollOutcome:
        token = account.token.current
        if not account.token.claim_use(self._calls.clock.monotonic()):
            return Failure(FailureReason.TOKEN_INVALID)
        facts = self._inspected(account, token)
        if facts is None:
            facts = self._self_inspected(account, token)
        if facts is None:
            return self._tried(account)
        if isinstance(facts, Failure):
            return facts
        self._take(account, token, facts)
        return Done.ANSWERED

    def _inspected(self, account: PolledAccount, token: Secret) -> TokenFacts | Failure | None:
        now = self._calls.clock.monotonic()
        inspector = self._inspector
        if (
            inspector is None
            or not account.takes_check(TokenCheck.BY_INSPECTOR, now)
            or not inspector.claim_use(now)
        ):
            return None
        asker = inspector.current
        outcome = self._calls.make(
            account, INSPECTOR, lambda: self._client.debug_token(token, asker)
        )
        if not isinstance(outcome, Failure):
            inspector.judge(asker, valid=True, now=now)
        elif outcome.reason is FailureReason.TOKEN_INVALID:
            inspector.judge(asker, valid=False, now=now)
        if isinstance(outcome, Failure) and outcome.reason in ABOUT_THE_PAYER:
            return None
        return self._unless_refused(account, TokenCheck.BY_INSPECTOR, outcome)

    def _self_inspected(self, account: PolledAccount, token: Secret) -> TokenFacts | Failure | None:
        if not account.takes_check(TokenCheck.BY_ITSELF, self._calls.clock.monotonic()):
            return None
        outcome = self._calls.make(
            account, account_key(account.name), lambda: self._client.debug_token(token, token)
        )
        if isinstance(outcome, Failure) and outcome.reason is FailureReason.TOKEN_INVALID:
            self._calls.token_refused(account, token, outcome.token_reason)
        return self._unless_refused(account, TokenCheck.BY_ITSELF, outcome)

    def _unless_refused(
        self, account: PolledAccount, check: TokenCheck, outcome: TokenFacts | Failure
    ) -> TokenFacts | Failure | None:
        """Return the outcome, or None, remembered, where Meta itself refuses to be asked so."""
        if (
            isinstance(outcome, Failure)
            and outcome.reason in _REFUSALS
            and outcome.code is not None
        ):
            account.check_refused(check, self._calls.clock.monotonic())
            return None
        return outcome

    def _tried(self, account: PolledAccount) -> PollOutcome:
        """Ask for the token's own user; publishers report dead tokens that are "not found" here."""
        token = account.token.current
        outcome = self._calls.try_token(account, self._client.me)
        if not isinstance(outcome, Failure):
            return Done.ANSWERED
        if outcome.reason is FailureReason.NOT_FOUND:
            self._calls.token_refused(account, token, TokenInvalidReason.OTHER)
        return outcome

    def _take(self, account: PolledAccount, token: Secret, facts: TokenFacts) -> None:
        if not account.token.judge(token, valid=facts.valid, now=self._calls.clock.monotonic()):
            return
        now = self._calls.clock.wall()
        self._calls.note(
            account, lambda seen: replace(seen, token=_reading(seen.token, facts, now))
        )


def _reading(known: TokenReading, facts: TokenFacts, now: float) -> TokenReading:
    """Return what is known now: a fact that Meta does not repeat outlives its silence."""
    expires_at = facts.expires_at or known.expires_at
    reason = facts.invalid_reason
    if reason is TokenInvalidReason.OTHER and expires_at is not None and expires_at <= now:
        reason = TokenInvalidReason.EXPIRED
    return replace(
        known,
        valid=facts.valid,
        invalid_reason=reason,
        expires_at=expires_at,
        data_access_expires_at=facts.data_access_expires_at or known.data_access_expires_at,
        issued_at=facts.issued_at or known.issued_at,
        scopes=facts.scopes if facts.valid and facts.scopes is not None else known.scopes,
    )
