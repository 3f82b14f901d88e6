import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import TypeVar

Answer = TypeVar("Answer")


class TooBusyError(Exception):
    """As much is in flight as is allowed."""


class Workers:
    """Threads for one kind of work, so that none of it holds up the event loop or another kind.

    Past `max_in_flight` works the next is refused at once; with 0 it waits for a thread.
    """

    def __init__(self, name: str, threads: int, max_in_flight: int = 0) -> None:
        self._threads = ThreadPoolExecutor(threads, f"web-{name}")
        self._limit = max_in_flight or inf
        self._in_flight = 0

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Return what the work returns; raises TooBusyError."""
        if self._in_flight >= self._limit:
            raise TooBusyError
        self._in_flight += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._in_flight -= 1
