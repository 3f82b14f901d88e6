"""A total deadline for a call: requests' own timeouts start anew at each byte that arrives."""

import heapq
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count


class Line:
    """A connection's socket, held by a duplicate by which any thread may shut it down.

    TLS detaches the socket that it wraps; the connection below stays the same.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket(fileno=os.dup(sock.fileno()))

    def shut_down(self) -> None:
        # Closed meanwhile, the descriptor may be another connection's.
        with self._lock, suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._socket.close()


class Deadline:
    """The end of one call; the lines it watches are shut down when it comes."""

    def __init__(self, expires_at: float) -> None:
        self.expires_at = expires_at
        self.passed = False
        self._lock = threading.Lock()
        self._lines: list[Line] | None = []
        self._left: list[Line] = []

    def remaining(self) -> float:
        return 0.0 if self.passed else max(self.expires_at - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        """Tell whether the deadline has passed or was lifted."""
        return self._lines is None

    def check(self) -> None:
        """Raise TimeoutError once the deadline has passed."""
        if self.passed:
            raise TimeoutError

    def watch(self, line: Line) -> None:
        with self._lock:
            if self._lines is not None:
                self._lines.append(line)
                return
        line.shut_down()

    def leave(self, line: Line) -> None:
        """Close a line when the call ends, by whose thread this is called."""
        self._left.append(line)

    def pass_now(self) -> None:
        with self._lock:
            if self._lines is None:
                return
            self.passed = True
            lines, self._lines = self._lines, None
        for line in lines:
            line.shut_down()

    def lift(self) -> None:
        with self._lock:
            self._lines = None
        while self._left:
            self._left.pop().close()


class DeadlineKeeper:
    """One thread that lets deadlines pass; `current` is the deadline of the calling thread."""

    def __init__(self) -> None:
        self._sequence = count()
        self._pending: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._current = threading.local()
        self.thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        self.thread.start()

    @property
    def current(self) -> Deadline:
        deadline: Deadline = self._current.deadline
        return deadline

    def let_go(self, line: Line) -> None:
        """Close the line of a connection that is closed, but not while a call may still read.

        http.client closes a connection as soon as it knows that no other answer will come by it:
        what is left of this one is read from the socket all the same.
        """
        deadline = getattr(self._current, "deadline", None)
        if isinstance(deadline, Deadline):
            deadline.leave(line)
        else:
            line.close()

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
        self.thread.join()
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
