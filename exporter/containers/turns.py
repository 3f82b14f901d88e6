"""Taking turns, in groups: what is asked for while a group is carried out makes the next one.

So many threads' changes take few commits, each of which waits for the disk.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

from exporter.containers.change import Change

Answer_co = TypeVar("Answer_co", covariant=True)

_MOST_CONTAINERS = 2_000
"""Bounds how long a group takes, and with it how long the next one waits."""


class Request(Generic[Answer_co]):
    """A change of containers that a thread waits for, decided upon when its turn has come.

    `decide` gets how many containers those before it in its group add. Its answer is given once
    the change is made.
    """

    def __init__(
        self, ids: Collection[str], decide: Callable[[int], tuple[Change, Answer_co]]
    ) -> None:
        self.ids = frozenset(ids)
        self.is_done = False
        self._decide = decide
        self._answer: Answer_co
        self._error: Exception | None = None
        self._asleep = Lock()
        self._asleep.acquire()

    def decide(self, added: int) -> Change | None:
        """Return the change, None if there is to be none."""
        try:
            change, self._answer = self._decide(added)
        except Exception as error:  # noqa: BLE001 — it is raised where it belongs: by `answer`
            self.fail(error)
            return None
        return change

    def fail(self, error: Exception) -> None:
        self._error = error

    def outcome(self) -> Answer_co | Exception:
        """Return what was decided, or what it failed with."""
        return self._answer if self._error is None else self._error

    def answer(self) -> Answer_co:
        """Return what was decided; raises what it failed with."""
        if self._error is not None:
            raise self._error
        return self._answer

    def sleep(self) -> None:
        """Wait until it is done, or the first of those to be done."""
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


CarryOut = Callable[[Sequence[Request[object]]], None]


class Turns:
    """Has requests carried out in the order they came; those of a group share no container."""

    def __init__(self, carry_out: CarryOut) -> None:
        self._carry_out = carry_out
        self._turn = Lock()
        self._queue_lock = Lock()
        self._queue: deque[Request[object]] = deque()
        self._is_led = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have a turn while no request is carried out."""
        with self._turn:
            yield

    def take_one(self, request: Request[Answer_co]) -> Answer_co:
        """Have the request carried out; return its answer."""
        self.take([request])
        return request.answer()

    def take(self, requests: Sequence[Request[object]]) -> None:
        """Have the requests carried out; return when they are done.

        A thread whose request is the first of those that wait carries out the group.
        """
        with self._queue_lock:
            self._queue.extend(requests)
            is_first = not self._is_led
            self._is_led = self._is_led or bool(requests)
        for request in requests:
            if not is_first:
                request.sleep()
            is_first = False
            if not request.is_done:
                self._lead()

    def _lead(self) -> None:
        with self._turn:
            group = self._next_group()
            try:
                self._carry_out(group)
            except Exception as error:  # noqa: BLE001 — it is raised where it belongs
                for request in group:
                    request.fail(error)
        for request in group:
            request.is_done = True
        self._pass_on()
        for request in group[1:]:
            request.wake()

    def _next_group(self) -> Sequence[Request[object]]:
        """Take as many as can go together: the first of those that wait, and more."""
        group: list[Request[object]] = []
        ids: set[str] = set()
        with self._queue_lock:
            while self._queue and self._fits(self._queue[0], ids):
                group.append(self._queue.popleft())
                ids |= group[-1].ids
        return group

    def _fits(self, request: Request[object], ids: Collection[str]) -> bool:
        return not ids or (
            len(ids) + len(request.ids) <= _MOST_CONTAINERS and request.ids.isdisjoint(ids)
        )

    def _pass_on(self) -> None:
        with self._queue_lock:
            if self._queue:
                self._queue[0].wake()
            else:
                self._is_led = False
