"""Log lines on their way out: whoever logs waits for no reader and no disk."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TextIO

import structlog

MOST_WAITING = 1 << 20
"""How many characters may wait for a reader."""

_FLUSH_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class LogStream:
    """Writes lines in their order, from a thread of its own.

    Lines that find no room, since nobody takes those before them, are dropped, and so are those
    that cannot be written; `dropped` counts them.
    """

    def __init__(self, stream: TextIO | None, most_waiting: int = MOST_WAITING) -> None:
        self.dropped = 0
        self._stream = stream  # open for as long as its descriptor is written to
        self._write = _writer(stream)
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._size = 0
        self._is_writing = False
        self._is_closed = False
        self._told = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def put(self, line: str) -> None:
        """Have the line written, in a moment."""
        with self._changed:
            if self._is_closed or self._size + len(line) > self._most_waiting:
                self.dropped += 1
                return
            self._waiting.append(line)
            self._size += len(line)
            if not self._is_writing:
                self._changed.notify_all()

    def lose(self, lines: int) -> None:
        with self._changed:
            self.dropped += lines

    def flush(self, timeout: float = _FLUSH_SECONDS) -> None:
        """Return once all is written, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._waiting or self._is_writing), timeout)

    def close(self) -> None:
        """Take no more lines."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while lines := self._take():
            try:
                self._write("".join(lines))
            except Exception:  # noqa: BLE001 — there is nowhere to tell of it
                self.lose(len(lines))
            else:
                self._tell_of_dropped()

    def _take(self) -> list[str]:
        """Return the lines that wait, once there are any; none once it is closed."""
        with self._changed:
            self._is_writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            lines = list(self._waiting)
            self._waiting.clear()
            self._size = 0
            self._is_writing = bool(lines)
            return lines

    def _tell_of_dropped(self) -> None:
        count, self._told = self.dropped - self._told, self.dropped
        if count:
            _log.warning("log lines were dropped, nobody took them", count=count)


class LogHandler(logging.Handler):
    """Formats where it is logged: nothing that was not redacted waits anywhere."""

    def __init__(self, lines: LogStream) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 — who logs goes on, whatever comes of the line
            self._lines.lose(1)

    def flush(self) -> None:
        self._lines.flush()

    def close(self) -> None:
        self._lines.close()
        super().close()


def hold_standard_streams() -> None:
    """Have what is closed of standard input, output and error lead nowhere.

    Else the next file that is opened takes its number, and gets what is written to it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _writer(stream: TextIO | None) -> Callable[[str], object]:
    if stream is None:
        return partial(_write_all, -1)
    try:
        # Python's own buffer would be locked by the thread that waits, and the process die of it.
        return partial(_write_all, stream.fileno())
    except (OSError, ValueError):
        return stream.write


def _write_all(descriptor: int, text: str) -> None:
    left = memoryview(text.encode("utf-8", "backslashreplace"))
    while left:
        left = left[os.write(descriptor, left) :]
