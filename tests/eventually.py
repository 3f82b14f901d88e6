import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T], fits: Callable[[T], object] = bool, *, within: float = 90.0
) -> T:
    """Look until what is seen fits, and return it; fails with what was seen last."""
    deadline = time.monotonic() + within
    pause = 0.01
    while not fits(seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r}"
        time.sleep(pause)
        pause = min(2 * pause, 0.2)
    return seen
