import queue
import signal
from types import FrameType
from typing import TypeAlias

Signals: TypeAlias = queue.SimpleQueue[signal.Signals]


def catch_signals() -> Signals:
    """Queue the signals of the process from now on, for whoever serves to act on."""
    caught: Signals = queue.SimpleQueue()

    def catch(number: int, _frame: FrameType | None) -> None:
        caught.put(signal.Signals(number))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, catch)
    return caught
