from collections import deque
from collections.abc import Callable

import structlog

from exporter.containers.registry import ContainerRegistry
from exporter.domain import (
    ContainerErrorMessage,
    ContainerState,
    ContainerStatus,
    FailureReason,
)
from exporter.observations import changes
from exporter.polling.account import PolledAccount
from exporter.polling.calls import Calls
from exporter.polling.outcome import Done, PollOutcome
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.reply import Failure

_log = structlog.get_logger(__name__)

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

    def __init__(
        self,
        client: ThreadsClient,
        calls: Calls,
        containers: ContainerRegistry,
        give_way: Callable[[], object],
    ) -> None:
        """Have each call but the first `give_way`: it is one of many in one run."""
        self._client = client
        self._calls = calls
        self._containers = containers
        self._give_way = give_way
        self._logged: set[str] = set()

    def run(self, account: PolledAccount) -> PollOutcome:
        # Asking may take long: what was registered is to be seen before.
        self._show(account)
        try:
            return self._ask_due(account)
        finally:
            self._show(account)

    def _show(self, account: PolledAccount) -> None:
        summary = self._containers.summary(account.name)
        self._calls.note(account, changes.containers_counted(summary))

    def _ask_due(self, account: PolledAccount) -> PollOutcome:
        time_is_up = self._calls.clock.monotonic() + self._containers.interval
        due = deque(self._containers.due(account.name))
        is_open = self._containers.has_open(account.name)
        result: PollOutcome = Done.NOT_DUE if is_open else Done.NOTHING_TO_ASK
        while due and self._calls.clock.monotonic() <= time_is_up:
            container_id = due.popleft()
            failure = self._ask(account, container_id)
            if failure is None:
                result = result if isinstance(result, Failure) else Done.ANSWERED
            elif failure.reason in _ABOUT_ONE_CONTAINER:
                result = failure
            else:
                # The one that was asked about comes last: it may be what the others wait for.
                self._containers.unanswered(account.name, [*due, container_id])
                return failure
            # Others may have been registered meanwhile.
            due = due or deque(self._containers.due(account.name))
            if due:
                self._give_way()
        return result

    def _ask(self, account: PolledAccount, container_id: str) -> Failure | None:
        outcome = self._calls.with_own_token(
            account, lambda token: self._client.container(container_id, token)
        )
        if isinstance(outcome, Failure) and outcome.reason is FailureReason.UNSUPPORTED:
            # Only a published post has no status: the id is the one that publishing answered.
            outcome = ContainerState(ContainerStatus.PUBLISHED)
        if isinstance(outcome, ContainerState):
            self._log_unknown(outcome, account, container_id)
            self._containers.answered(account.name, container_id, outcome)
            return None
        if outcome.reason is FailureReason.NOT_FOUND:
            self._containers.unknown_to_meta(account.name, container_id)
        elif outcome.reason in _ABOUT_ONE_CONTAINER:
            self._containers.unanswered(account.name, [container_id])
        return outcome

    def _log_unknown(self, state: ContainerState, account: PolledAccount, container: str) -> None:
        """Log once what Meta must have added; not its text, in which anything may stand."""
        if state.status is ContainerStatus.OTHER:
            event = "Meta told a container's status that is not known"
        elif state.error_message is ContainerErrorMessage.OTHER:
            event = "Meta told a container's error message that is not known"
        else:
            return
        if event not in self._logged:
            self._logged.add(event)
            _log.warning(event, account=account.name, container_id=container)
