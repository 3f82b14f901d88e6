"""The table of shards in docs/scaling.md, which is written by hand but for that."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks import writing
from benchmarks.result import Result
from benchmarks.table import markdown

PAGE = Path("docs/scaling.md")
RESULTS = Path("benchmarks/shards.json")

_BEGIN = "<!-- Written by `python -m benchmarks scaling` from benchmarks/shards.json. -->\n"
_END = "<!-- So far. -->\n"
_TABLE = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)


class UnmarkedPageError(Exception):
    """The page does not say where the table belongs."""


def with_table(page: str, result: Result) -> str:
    """Return the page with the table of a result; raises UnmarkedPageError."""
    table = f"\n{''.join(_lines(result))}\n"
    filled, places = _TABLE.subn(lambda _: table, page)
    if places != 1:
        raise UnmarkedPageError(f"wants one table, between {_BEGIN.strip()} and {_END.strip()}")
    return filled


def _lines(result: Result) -> Iterator[str]:
    rows = ((row.what, writing.figures(row.ours, row.unit)) for row in result.rows)
    yield markdown([("of each shard", "median (lowest–highest)"), *rows])
    machine = ", ".join(result.conditions[name] for name in ("processor", "memory", "python"))
    yield f"\n\nMeasured {result.date[:10]} on {machine};"
    yield f" load before: {result.conditions['load before']}.\n"
