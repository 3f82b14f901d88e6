from collections import deque
from collections.abc import Mapping

from exporter.domain import FailureReason, Quota, QuotaKind
from exporter.observations import changes
from exporter.polling.account import PolledAccount
from exporter.polling.calls import Calls
from exporter.polling.outcome import Done, PollOutcome
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.reply import Failure

_REFUSALS = frozenset({FailureReason.PERMISSION, FailureReason.UNSUPPORTED})

Quotas = Mapping[QuotaKind, Quota]


class QuotaPoll:
    """Reads an account's quotas: in one call, or singly where Meta refuses one of them."""

    def __init__(self, client: ThreadsClient, calls: Calls) -> None:
        self._client = client
        self._calls = calls

    def run(self, account: PolledAccount) -> PollOutcome:
        outcome = self._read(account)
        refused = account.refused_quotas
        if isinstance(outcome, Failure):
            if outcome.reason in _REFUSALS:
                self._calls.note(account, changes.quotas_refused(refused))
            return outcome
        untold = dict.fromkeys(set(QuotaKind) - outcome.keys(), FailureReason.UNSUPPORTED)
        now = self._calls.clock.monotonic()
        self._calls.note(account, changes.quotas_read(outcome, now, {**untold, **refused}))
        return Done.ANSWERED

    def _read(self, account: PolledAccount) -> Quotas | Failure:
        now = self._calls.clock.monotonic()
        waiting = deque(account.quota_groups(now))
        failure = Failure(next(iter(account.refused_quotas.values()), FailureReason.PERMISSION))
        quotas: dict[QuotaKind, Quota] = {}
        while waiting:
            kinds = waiting.popleft()
            outcome = self._ask(account, kinds)
            if not isinstance(outcome, Failure):
                account.quotas_granted(kinds)
                quotas |= outcome
            elif (reason := _refusal(outcome, others_told=bool(quotas))) is None:
                return outcome
            elif len(kinds) > 1:
                waiting.extend((kind,) for kind in kinds)
            else:
                account.quota_refused(kinds[0], reason, now)
                failure = outcome
        return quotas or failure

    def _ask(self, account: PolledAccount, kinds: tuple[QuotaKind, ...]) -> Quotas | Failure:
        return self._calls.with_own_token(
            account,
            lambda token: self._client.publishing_limit(account.identity.user_id, kinds, token),
        )


def _refusal(failure: Failure, *, others_told: bool) -> FailureReason | None:
    """Return why Meta itself refused, if it did: a bare HTTP status may be a proxy's, and pass."""
    if failure.reason is FailureReason.MALFORMED and others_told:
        # Meta tells the others of this poll; of a quota asked for alone it leaves out all.
        return FailureReason.UNSUPPORTED
    return failure.reason if failure.reason in _REFUSALS and failure.code is not None else None
