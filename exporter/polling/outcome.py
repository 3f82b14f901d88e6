from enum import Enum, auto

from exporter.threads_api.reply import Failure


class Done(Enum):
    """A poll that did not fail: it was answered, asked lately, or has nothing left to ask."""

    ANSWERED = auto()
    NOT_DUE = auto()
    NOTHING_TO_ASK = auto()


PollOutcome = Done | Failure
