"""PostgreSQL connections that wait for the server within the time limit, and no longer.

The server's own time limits do not help when it is frozen, nor do the network's: its kernel goes
on acknowledging what is sent to it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from exporter.containers.time_limit import time_left

RV = TypeVar("RV")


class TimeLimitError(psycopg.OperationalError):
    pass


class TimedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Is closed when the time limit ends a wait: what the server would yet answer is unknown."""

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        try:
            return super().wait(_limited(gen), *args, **kwargs)
        except TimeLimitError:
            self.close()
            raise


def _limited(gen: PQGen[RV]) -> PQGen[RV]:
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and not time_left():
                raise TimeLimitError("the server did not answer in time")
            wanted = gen.send(ready)
    except StopIteration as done:
        result: RV = done.value
        return result


def connect_in_time(connect: Callable[[], TimedConnection]) -> TimedConnection:
    """Connect in a thread of its own: there is no other limit on looking up several addresses."""
    thread = ThreadPoolExecutor(max_workers=1)
    connecting = thread.submit(connect)
    thread.shutdown(wait=False)
    try:
        return connecting.result(min(time_left(), 3600.0))
    except TimeoutError:
        connecting.add_done_callback(_close_late)
        raise TimeLimitError("no connection in time") from None


def _close_late(connecting: Future[TimedConnection]) -> None:
    if connecting.exception() is None:
        connecting.result().close()
