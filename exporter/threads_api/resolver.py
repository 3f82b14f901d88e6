import queue
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import Any

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]

_THREADS = 4


class Resolver:
    """Looks names up with a time limit, which getaddrinfo has not.

    Look-ups that hang keep at most a few threads, and do not hold up the end of the process.
    """

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[tuple[str, int, Future[Sequence[Address]]] | None] = (
            queue.SimpleQueue()
        )
        self._lock = threading.Lock()
        self._waiting: set[Future[Sequence[Address]]] = set()
        self._closed = False
        self.threads = [
            threading.Thread(target=self._answer, name=f"resolver-{number}", daemon=True)
            for number in range(_THREADS)
        ]
        for thread in self.threads:
            thread.start()

    def resolve(self, host: str, port: int, timeout: float) -> Sequence[Address]:
        """Return the host's addresses; raises socket.gaierror or TimeoutError."""
        answer: Future[Sequence[Address]] = Future()
        with self._lock:
            if self._closed:
                raise TimeoutError("the resolver is closed")
            self._waiting.add(answer)
        self._questions.put((host, port, answer))
        try:
            return answer.result(timeout)
        except CancelledError:
            raise TimeoutError("the resolver is closed") from None
        finally:
            # Nobody waits for it now: what still stands in the queue is not looked up.
            answer.cancel()
            self._waiting.discard(answer)

    def close(self) -> None:
        """Let those who wait go, and those to come."""
        with self._lock:
            self._closed = True
            waiting = self._waiting.copy()
        for answer in waiting:
            answer.cancel()
        for _ in range(_THREADS):
            self._questions.put(None)

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    def _answer(self) -> None:
        while (question := self._questions.get()) is not None:
            host, port, answer = question
            if answer.cancelled():
                continue
            with suppress(InvalidStateError):
                self._settle(answer, host, port)

    def _settle(self, answer: Future[Sequence[Address]], host: str, port: int) -> None:
        try:
            addresses = self.look_up(host, port)
        except Exception as error:  # noqa: BLE001 — it is raised where the answer is waited for
            answer.set_exception(error)
        else:
            answer.set_result(addresses)
