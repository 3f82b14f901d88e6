import queue
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

Signals: TypeAlias = queue.SimpleQueue[signal.Signals]

_KILLED = 128
_SAME_WISH_SECONDS = 1.0
"""Ctrl-C reaches a whole group of processes, and some parents pass it on."""


def catch_signals() -> Signals:
    """Queue the signals of the process from now on, for whoever serves to act on."""
    caught: Signals = queue.SimpleQueue()

    def catch(number: int, _frame: FrameType | None) -> None:
        caught.put(signal.Signals(number))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, catch)
    return caught


def end_at_the_next_signal(end: Callable[[int], object]) -> None:
    """Call `end` with the exit code that shells give such an end, when another signal comes."""
    another_from = time.monotonic() + _SAME_WISH_SECONDS

    def catch(number: int, _frame: FrameType | None) -> None:
        if time.monotonic() >= another_from:
            end(_KILLED + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, catch)
