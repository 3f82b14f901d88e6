"""Parsed files that remember on which line everything stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.config.problems import Location, format_location

MAX_BYTES: Final = 64 * 1024 * 1024


class LinedMapping(dict[str, object]):
    """A mapping with the line of every key."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class LinedList(list[object]):
    """A list with the line of every item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class DocumentError(Exception):
    """What keeps a file from being understood; `line` is None where it cannot even be read."""

    def __init__(self, line: int | None, message: str, location: Location = ()) -> None:
        super().__init__(message)
        self.line = line
        self.location = location


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file; `flaws` are mistakes in spite of which the rest could be read.

    What came over HTTP has the place that names its source as `file`, and `first_line` 0: places
    in it are told without a line.
    """

    file: Path
    value: object
    first_line: int = 1
    flaws: tuple[DocumentError, ...] = ()

    @property
    def folder(self) -> Path:
        return self.file.parent.absolute()

    def line(self, location: Location) -> int:
        """Return the line of what `location` names, or of the innermost part that is there."""
        value, line = self.value, self.first_line
        for part in location:
            match value, part:
                case LinedMapping(), str() if part in value:
                    line, value = value.lines[part], value[part]
                case LinedList(), int() if part < len(value):
                    line, value = value.lines[part], value[part]
                case _:
                    break
        return line

    def place(self, location: Location) -> str:
        """Return where that stands, in words."""
        if line := self.line(location):
            return f"{self.file}:{line}"
        return f"{self.file}: {format_location(location)}"


def read_text(file: Path) -> str:
    """Return what a file holds; raises DocumentError."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(None, f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise DocumentError(None, f"is larger than {MAX_BYTES >> 20} MiB: split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(line, "is not UTF-8: save the file in that encoding") from None
