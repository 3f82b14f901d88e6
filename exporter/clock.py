import time
from typing import Protocol


class Clock(Protocol):
    """The two times of a computer: what the calendar says, and what only moves forward."""

    def wall(self) -> float:
        """Return the Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment, untouched by clock changes."""
        ...


class SystemClock:
    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
