"""Until when a thread waits for the store: each back end heeds it, and so does who takes turns."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

POLLS_WAIT_SECONDS = 1.0
"""How long a poll waits for the store: a locked one must not keep it from Meta."""

_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit what this thread waits for within; an outer limit holds if it ends sooner."""
    token = _until.set(min(_until.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def time_left() -> float:
    """Return the seconds until the limit, infinity where there is none."""
    return max(0.0, _until.get() - monotonic())
