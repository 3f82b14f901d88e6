from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

LONGEST_WAIT_SECONDS = 0.005
"""How often one goes on whatever is urgent: scrape upon scrape leaves 200 polls a second."""


class RightOfWay:
    """Lets what is urgent go before the rest: Python runs one thread at a time."""

    def __init__(self, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._longest_wait = longest_wait
        self._changed = Condition()
        self._urgent = 0
        self._first_in_line = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have others give way while the block runs."""
        with self._changed:
            self._urgent += 1
        try:
            yield
        finally:
            with self._changed:
                self._urgent -= 1
                self._changed.notify_all()

    def give(self) -> None:
        """Return once nothing urgent goes on; if that takes long, one goes on after another."""
        if self._urgent:
            with self._first_in_line, self._changed:
                self._changed.wait_for(lambda: not self._urgent, self._longest_wait)
