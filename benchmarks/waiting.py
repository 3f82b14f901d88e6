import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.05


def wait_until(
    is_so: Callable[[], bool], what: str, *, within: float, pause: float = _PAUSE_SECONDS
) -> None:
    """Wait for something to be so, a pause between two looks; raises TimeoutError that names it."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:g} s in vain until {what}")
        time.sleep(pause)
