import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import inf
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class TooBusyError(Exception):
    """As much is in flight as is allowed."""


class _Threads(ThreadPoolExecutor):
    """Makes do with the threads that there are, where the system lets no more be started."""

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


class Workers:
    """Threads for one kind of work, so that none of it holds up the event loop or another kind.

    Past `max_in_flight` works the next is refused at once; with 0 it waits for a thread.
    """

    def __init__(self, name: str, threads: int, max_in_flight: int = 0) -> None:
        self._threads = _Threads(threads, f"web-{name}")
        self._limit = max_in_flight or inf
        self._in_flight = 0

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Return what the work returns; raises TooBusyError."""
        with self.admission():
            return await self.run_admitted(work)

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Count as a work in flight; raises TooBusyError."""
        if self._in_flight >= self._limit:
            raise TooBusyError
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    async def run_admitted(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class Together(Generic[Item, Answer]):
    """Does work of one kind in one thread at a time: once for all that came up meanwhile.

    For each item the work returns an answer, or an error to be raised.
    """

    def __init__(
        self, workers: Workers, work: Callable[[Sequence[Item]], Sequence[Answer | Exception]]
    ) -> None:
        self._workers = workers
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._at_work: asyncio.Task[None] | None = None

    async def run(self, item: Item) -> Answer:
        """Return the answer for the item; raises TooBusyError."""
        with self._workers.admission():
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[Answer] = loop.create_future()
            self._waiting.append((item, answer))
            if self._at_work is None:
                self._at_work = loop.create_task(self._do_all())
            return await answer

    async def _do_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # what has come in by now is done with it
                taken, self._waiting = self._waiting, []
                await self._do(taken)
        finally:
            self._at_work = None

    async def _do(self, taken: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        items = [item for item, _ in taken]
        outcomes: Sequence[Answer | Exception]
        try:
            outcomes = await self._workers.run_admitted(lambda: self._work(items))
        except Exception as error:  # noqa: BLE001 — it is raised where it belongs
            outcomes = [error] * len(taken)
        for (_, answer), outcome in zip(taken, outcomes, strict=True):
            _settle(answer, outcome)


def _settle(answer: asyncio.Future[Answer], outcome: Answer | Exception) -> None:
    if answer.done():
        return  # its request was cut meanwhile
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
