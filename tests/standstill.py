import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

_LOOK_SECONDS = 0.1


@contextmanager
def longest_standstill() -> Iterator[Callable[[], float]]:
    """Watch this machine; what is yielded tells for how many seconds nothing ran, at most."""
    longest = 0.0
    over = Event()

    def watch() -> None:
        nonlocal longest
        looked_at = time.monotonic()
        while not over.wait(_LOOK_SECONDS):
            now = time.monotonic()
            longest = max(longest, now - looked_at - _LOOK_SECONDS)
            looked_at = now

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: longest
    finally:
        over.set()
        thread.join()
