"""Tables: in a terminal, and as Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks import writing
from benchmarks.result import Result

Line = Sequence[str]

_HEAD = ("row", "ours", "yardstick", "ratio", "target", "")


def lines_of(result: Result) -> Iterator[Line]:
    yield _HEAD
    for row in result.rows:
        yield (
            row.name,
            writing.figures(row.ours, row.unit),
            writing.figures(row.yardstick, row.unit) if row.yardstick else "",
            writing.ratio(row),
            writing.target(row),
            writing.answer(row),
        )


def plain(lines: Sequence[Line]) -> str:
    """Return the lines with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(lines: Sequence[Line]) -> str:
    head, *rest = lines
    return "\n".join(map(_cells, (head, ["---"] * len(head), *rest)))


def _cells(line: Line) -> str:
    return f"| {' | '.join(line)} |"
