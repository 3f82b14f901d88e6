from exporter.containers.tracker import ContainerTracker
from exporter.domain import ContainerState, ContainerStatus, FailureReason
from exporter.observations import changes
from exporter.polling.account import PolledAccount
from exporter.polling.calls import Calls
from exporter.polling.outcome import Done, PollOutcome
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.reply import Failure

_ABOUT_ONE_CONTAINER = frozenset(
    {
        FailureReason.HTTP_ERROR,
        FailureReason.MALFORMED,
        FailureReason.NOT_FOUND,
        FailureReason.PERMISSION,
        FailureReason.UNSUPPORTED,
    }
)
"""Failures that say nothing of how the account's other containers would fare."""


class ContainerPoll:
    """Asks for the status of an account's containers that are due, one call each."""

    def __init__(self, client: ThreadsClient, calls: Calls, tracker: ContainerTracker) -> None:
        self._client = client
        self._calls = calls
        self._tracker = tracker

    def run(self, account: PolledAccount) -> PollOutcome:
        try:
            return self._ask_due(account)
        finally:
            summary = self._tracker.summary(account.name)
            self._calls.note(account, changes.containers_counted(summary))

    def _ask_due(self, account: PolledAccount) -> PollOutcome:
        time_is_up = self._calls.clock.monotonic() + self._tracker.interval
        due = self._tracker.due(account.name)
        open_ones = self._tracker.has_open(account.name)
        result: PollOutcome = Done.NOT_DUE if open_ones else Done.NOTHING_TO_ASK
        for container_id in due:
            if self._calls.clock.monotonic() > time_is_up:
                break
            failure = self._ask(account, container_id)
            if failure is None:
                result = result if isinstance(result, Failure) else Done.ANSWERED
            elif failure.reason in _ABOUT_ONE_CONTAINER:
                result = failure
            else:
                return failure
        return result

    def _ask(self, account: PolledAccount, container_id: str) -> Failure | None:
        outcome = self._calls.with_own_token(
            account, lambda token: self._client.container(container_id, token)
        )
        if isinstance(outcome, Failure) and outcome.reason is FailureReason.UNSUPPORTED:
            # Only a published post has no status: the id is the one that publishing answered.
            outcome = ContainerState(ContainerStatus.PUBLISHED)
        if isinstance(outcome, ContainerState):
            self._tracker.answered(account.name, container_id, outcome)
            return None
        unknown = outcome.reason is FailureReason.NOT_FOUND
        self._tracker.unanswered(account.name, container_id, unknown_to_meta=unknown)
        return outcome
