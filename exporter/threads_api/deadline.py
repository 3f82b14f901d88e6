"""A total deadline for a call: requests' own timeouts start anew at each byte that arrives."""

import heapq
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count


class Deadline:
    """The end of one call; the sockets it watches are shut down when it comes."""

    def __init__(self, expires_at: float) -> None:
        self.expires_at = expires_at
        self.passed = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] | None = []

    def remaining(self) -> float:
        return 0.0 if self.passed else max(self.expires_at - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        """Tell whether the deadline has passed or was lifted."""
        return self._sockets is None

    def check(self) -> None:
        """Raise TimeoutError once the deadline has passed."""
        if self.passed:
            raise TimeoutError

    def watch(self, sock: socket.socket) -> None:
        # A duplicate: TLS detaches the socket it wraps, the connection below stays the same.
        watched = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            if self._sockets is not None:
                self._sockets.append(watched)
                return
        _shut_down(watched)

    def pass_now(self) -> None:
        with self._lock:
            if self._sockets is None:
                return
            self.passed = True
            sockets, self._sockets = self._sockets, None
        for sock in sockets:
            _shut_down(sock)

    def lift(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets or [], None
        for sock in sockets:
            sock.close()


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError), sock:
        sock.shutdown(socket.SHUT_RDWR)


class DeadlineKeeper:
    """One thread that lets deadlines pass; `current` is the deadline of the calling thread."""

    def __init__(self) -> None:
        self._sequence = count()
        self._pending: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._current = threading.local()
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def current(self) -> Deadline:
        deadline: Deadline = self._current.deadline
        return deadline

    @contextmanager
    def limit(self, seconds: float) -> Iterator[Deadline]:
        """Bound what this thread does inside to `seconds`; not nested."""
        deadline = Deadline(time.monotonic() + seconds)
        self._current.deadline = deadline
        self._keep(deadline)
        try:
            yield deadline
        finally:
            del self._current.deadline
            deadline.lift()

    def _keep(self, deadline: Deadline) -> None:
        with self._changed:
            if self._closed:
                deadline.pass_now()
                return
            entry = (deadline.expires_at, next(self._sequence), deadline)
            heapq.heappush(self._pending, entry)
            if self._pending[0] is entry:
                self._changed.notify()

    def close(self) -> None:
        """Let every deadline pass now, those to come at once."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        for _, _, deadline in self._pending:
            deadline.pass_now()

    def _run(self) -> None:
        while (deadline := self._next_passed()) is not None:
            deadline.pass_now()

    def _next_passed(self) -> Deadline | None:
        with self._changed:
            while not self._closed:
                # Most calls end long before their deadline: it is not worth waking up for then.
                while self._pending and self._pending[0][2].over:
                    heapq.heappop(self._pending)
                if not self._pending:
                    self._changed.wait()
                elif (wait := self._pending[0][0] - time.monotonic()) > 0:
                    self._changed.wait(wait)
                else:
                    return heapq.heappop(self._pending)[2]
            return None
