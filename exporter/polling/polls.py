"""Runs a poll of an account and records how it went, whatever happens."""

from collections.abc import Mapping
from typing import Protocol

import structlog

from exporter.domain import FailureReason, Poll, PollResult
from exporter.observations import changes
from exporter.polling.account import PolledAccount
from exporter.polling.calls import Calls
from exporter.polling.outcome import Done, PollOutcome, result_of
from exporter.threads_api.reply import Failure

_log = structlog.get_logger(__name__)


class AccountPoll(Protocol):
    def run(self, account: PolledAccount) -> PollOutcome:
        """Ask what the poll asks, and record what was learnt."""
        ...


class Polls:
    def __init__(
        self,
        accounts: Mapping[str, PolledAccount],
        polls: Mapping[Poll, AccountPoll],
        calls: Calls,
    ) -> None:
        self._accounts = accounts
        self._polls = polls
        self._calls = calls
        self._closed = False

    def close(self) -> None:
        """Record no more polls: those under way are being cut."""
        self._closed = True

    def run(self, name: str, poll: Poll) -> PollResult:
        """Poll the account; nothing happens for one that was removed meanwhile."""
        account = self._accounts.get(name)
        if account is None:
            return PollResult.REFUSED
        outcome = self._guarded(account, poll)
        if poll is Poll.QUOTA and self._is_doubtful(account, outcome):
            self.run(name, Poll.TOKEN)
        self._record(account, poll, outcome)
        return result_of(outcome)

    def _guarded(self, account: PolledAccount, poll: Poll) -> PollOutcome:
        try:
            if poll is not Poll.TOKEN and self._is_dead_for_long(account):
                self.run(account.name, Poll.TOKEN)
            if self._makes_room(account, poll):
                return Done.NOT_DUE
            return self._polls[poll].run(account)
        except Exception:  # noqa: BLE001 — a defect in one poll must not end the others
            if self._last_failure(account, poll) is not FailureReason.INTERNAL:
                _log.exception("poll crashed", account=account.name, poll=poll)
            return Failure(FailureReason.INTERNAL)

    def _is_dead_for_long(self, account: PolledAccount) -> bool:
        """Return whether the token is dead, and it is time to ask anew."""
        now = self._calls.clock.monotonic()
        return account.token.valid is False and account.token.may_be_used(now)

    def _makes_room(self, account: PolledAccount, poll: Poll) -> bool:
        """Return whether the poll waits as a rate limit is near: the quotas alone do not.

        Neither does a first poll, nor the call in an hour by which a dead token may show life.
        """
        if poll is Poll.QUOTA or account.token.valid is False:
            return False
        seen = self._calls.observations.view().get(account.name)
        return seen is not None and poll in seen.polls and self._calls.is_near_limit(account)

    def _is_doubtful(self, account: PolledAccount, outcome: PollOutcome) -> bool:
        """Return whether to ask about the token: Meta may answer "not found" for a dead one."""
        return (
            isinstance(outcome, Failure)
            and outcome.reason is FailureReason.NOT_FOUND
            and account.claim_doubt(self._calls.clock.monotonic())
        )

    def _record(self, account: PolledAccount, poll: Poll, outcome: PollOutcome) -> None:
        if self._closed:
            return
        before = self._last_failure(account, poll)
        if outcome is Done.NOT_DUE or (outcome is Done.NOTHING_TO_ASK and before is None):
            return
        _log_turn(account, poll, outcome, before)
        if isinstance(outcome, Failure):
            change = changes.poll_failed(poll, outcome.reason)
        else:
            change = changes.poll_succeeded(poll, self._calls.clock.wall())
        self._calls.note(account, change)

    def _last_failure(self, account: PolledAccount, poll: Poll) -> FailureReason | None:
        seen = self._calls.observations.view().get(account.name)
        return seen.last_failures.get(poll) if seen else None


def _log_turn(
    account: PolledAccount, poll: Poll, outcome: PollOutcome, before: FailureReason | None
) -> None:
    """Log what changed, once: a failure that goes on is a matter for the metrics."""
    if isinstance(outcome, Failure) and outcome.reason is not before:
        _log.warning("poll failed", account=account.name, poll=poll, **_details(outcome))
    elif not isinstance(outcome, Failure) and before is not None:
        _log.info("poll recovered", account=account.name, poll=poll)


def _details(failure: Failure) -> Mapping[str, object]:
    known = failure.error
    details = {
        "reason": failure.reason,
        "error": known.name if known else None,
        "code": failure.code,
        "subcode": failure.subcode,
        "trace_id": failure.trace_id,
        "detail": failure.detail,
        "retry_after": failure.retry_after,
        "solution": known.solution if known else None,
    }
    return {name: value for name, value in details.items() if value is not None}
