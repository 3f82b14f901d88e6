"""PostgreSQL connections that wait for the server until a given moment, and no longer.

The server's own time limits do not help when it is frozen, nor do the network's: its kernel goes
on acknowledging what is sent to it.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

RV = TypeVar("RV")

_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit what this thread does within; an outer limit holds if it ends sooner."""
    token = _until.set(min(_until.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


class TimeLimitError(psycopg.OperationalError):
    pass


class TimedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Is closed when the time limit ends a wait: what the server would yet answer is unknown."""

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        try:
            return super().wait(_limited(gen, _until.get()), *args, **kwargs)
        except TimeLimitError:
            self.close()
            raise


def _limited(gen: PQGen[RV], until: float) -> PQGen[RV]:
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and monotonic() >= until:
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
        return connecting.result(min(_until.get() - monotonic(), 3600.0))
    except TimeoutError:
        connecting.add_done_callback(_close_late)
        raise TimeLimitError("no connection in time") from None


def _close_late(connecting: Future[TimedConnection]) -> None:
    if connecting.exception() is None:
        connecting.result().close()
