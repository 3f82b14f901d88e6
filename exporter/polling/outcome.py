from enum import Enum, auto

from exporter.domain import FailureReason, PollResult
from exporter.threads_api.reply import Failure

_IN_VAIN = frozenset(
    {
        FailureReason.CONNECT,
        FailureReason.DNS,
        FailureReason.TLS,
        FailureReason.TIMEOUT,
        FailureReason.TRUNCATED,
        FailureReason.TOO_LARGE,
        FailureReason.REDIRECT,
        FailureReason.HTTP_ERROR,
        FailureReason.MALFORMED,
        FailureReason.TRANSIENT,
        FailureReason.INTERNAL,
    }
)


class Done(Enum):
    """A poll that did not fail: it was answered, asked lately, or has nothing left to ask."""

    ANSWERED = auto()
    NOT_DUE = auto()
    NOTHING_TO_ASK = auto()


PollOutcome = Done | Failure


def result_of(outcome: PollOutcome) -> PollResult:
    if isinstance(outcome, Failure):
        in_vain = outcome.reason in _IN_VAIN
        return PollResult.UNANSWERED if in_vain else PollResult.REFUSED
    return PollResult.ANSWERED if outcome is Done.ANSWERED else PollResult.NOTHING_DUE
