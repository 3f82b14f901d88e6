"""docs/performance.md, made from a result."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import writing
from benchmarks.figures import Row
from benchmarks.meaning import meaning
from benchmarks.prose import INTRODUCTION, METHOD, QUICK, RUN
from benchmarks.reasons import REASONS
from benchmarks.result import Result
from benchmarks.table import markdown

PAGE = Path("docs/performance.md")
RESULTS = Path("benchmarks/results.json")

_HEAD = ("what", "exporter", "yardstick", "ratio", "target", "")
_UNEXPLAINED = "the reason is not known yet."
_GROWTH = re.compile(r"growth-(\d+)")
_GROWTH_HEAD = ("accounts", "CPU of a poll", "gzip scrape", "memory", "all polled once")
_GROWTH_PARTS = ("", "-scrape", "-memory", "-ready")


def page(result: Result) -> str:
    return "\n".join(_sections(result))


def _sections(result: Result) -> Iterator[str]:
    rows = {row.name: row for row in result.rows}
    targets = [row for row in result.rows if row.target is not None]
    others = [
        row for row in result.rows if row.target is None and not row.name.startswith("growth-")
    ]
    yield INTRODUCTION
    if result.quick:
        yield QUICK
    else:
        yield from _titled("## What it means", meaning(rows))
    yield from _titled("## Targets", _table(targets))
    yield from _missed(row for row in targets if not row.met)
    yield from _titled("## Growth", _growth(rows))
    yield from _titled("## What else it costs", _table(others))
    yield METHOD
    yield from _titled("## Measured on", _conditions(result))
    yield RUN


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section, unless it has nothing in it."""
    text = "\n".join(lines)
    if text:
        yield f"{title}\n\n{text}\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield markdown([_HEAD, *map(_line, rows)])


def _line(row: Row) -> tuple[str, ...]:
    yardstick = ""
    if row.yardstick is not None:
        yardstick = f"{writing.figures(row.yardstick, row.unit)}: {row.against}"
    return (
        f"`{row.name}`: {row.what}",
        writing.figures(row.ours, row.unit),
        yardstick,
        writing.ratio(row),
        writing.target(row),
        writing.answer(row),
    )


def _missed(rows: Iterable[Row]) -> Iterator[str]:
    reasons = [f"- `{row.name}`: {REASONS.get(row.name, _UNEXPLAINED)}" for row in rows]
    if reasons:
        yield "\n".join(["Missed:", "", *reasons, ""])


def _growth(rows: Mapping[str, Row]) -> Iterator[str]:
    numbers = [found[1] for name in rows if (found := _GROWTH.fullmatch(name))]
    if numbers:
        yield markdown([_GROWTH_HEAD, *(_growth_line(number, rows) for number in numbers)])


def _growth_line(number: str, rows: Mapping[str, Row]) -> tuple[str, ...]:
    parts = [rows[f"growth-{number}{part}"] for part in _GROWTH_PARTS]
    return (writing.count(int(number)), *(writing.figures(row.ours, row.unit) for row in parts))


def _conditions(result: Result) -> Iterator[str]:
    minutes = sum(result.took.values()) / 60
    lines = [("", ""), ("date", result.date), *result.conditions.items()]
    yield markdown([*lines, ("measuring took", f"{minutes:.0f} minutes")])
    for line in (*result.left_out_lines(), *(f"failed: {name}" for name in result.failed)):
        yield f"\n{line}"
