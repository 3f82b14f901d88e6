import io
import os
import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from exporter.log_stream import LogStream
from tests.eventually import eventually


class Reader(io.StringIO):
    """A stream that takes nothing while it is `away`, and cannot be written while `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.back = threading.Event()
        self.back.set()
        self.broken = False
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        assert self.back.wait(30)
        if self.broken:
            raise OSError("no space left on device")
        return super().write(text)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def lines(reader: Reader) -> Iterator[LogStream]:
    lines = LogStream(reader, most_waiting=100)
    yield lines
    reader.back.set()
    lines.close()


def test_lines_are_written_in_their_order(lines: LogStream, reader: Reader) -> None:
    for number in range(10):
        lines.put(f"{number}\n")
    lines.flush()

    assert reader.getvalue() == "".join(f"{number}\n" for number in range(10))
    assert lines.dropped == 0


def test_who_logs_waits_for_nobody_and_what_finds_no_room_is_dropped(
    lines: LogStream, reader: Reader
) -> None:
    reader.back.clear()
    lines.put("under way\n")
    eventually(lambda: reader.writes)
    for number in range(20):
        lines.put(f"{number:09}\n")
    lines.flush(timeout=0)
    dropped = lines.dropped
    with capture_logs() as logs:
        reader.back.set()
        lines.flush()

    assert dropped == 10
    assert reader.getvalue() == "under way\n" + "".join(f"{number:09}\n" for number in range(10))
    assert [(line["event"], line["count"]) for line in logs] == [
        ("log lines were dropped, nobody took them", 10)
    ]


def test_lines_that_cannot_be_written_are_dropped_until_they_can(
    lines: LogStream, reader: Reader
) -> None:
    reader.broken = True
    lines.put("lost\n")
    lines.flush()
    reader.broken = False
    lines.put("kept\n")
    lines.flush()

    assert (reader.getvalue(), lines.dropped) == ("kept\n", 1)


def test_without_a_stream_all_is_dropped() -> None:
    lines = LogStream(None)
    lines.put("lost\n")
    lines.flush()

    assert lines.dropped == 1
    lines.close()


def test_what_is_logged_after_the_end_is_dropped(lines: LogStream, reader: Reader) -> None:
    lines.put("in time\n")
    lines.close()
    lines.put("late\n")
    lines.flush()

    assert (reader.getvalue(), lines.dropped) == ("in time\n", 1)


def test_a_pipe_gets_all_of_a_long_line() -> None:
    text = "x" * 200_000 + "\n"
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as stream, os.fdopen(read_end) as reader:
        lines = LogStream(stream)
        lines.put(text)
        read = reader.read(len(text))
        lines.close()

    assert read == text
