"""Two results side by side: what became better, what became worse."""

from collections.abc import Iterator, Sequence

from benchmarks import writing
from benchmarks.figures import Figures, Row
from benchmarks.result import Result
from benchmarks.table import Line

_HEAD = ("row", "before", "after", "after/before", "ratio before", "ratio after", "")
_ALIKE = ("processor", "python")


def lines_of(before: Result, after: Result) -> Iterator[Line]:
    """Yield a line for each row that both results have."""
    yield _HEAD
    later = {row.name: row for row in after.rows}
    for row in before.rows:
        if row.name in later:
            yield _line(row, later[row.name])


def cautions(before: Result, after: Result) -> Sequence[str]:
    """Return why the results are not to be compared figure by figure."""
    differing = [
        f"{name}: {before.conditions.get(name)} before, {after.conditions.get(name)} after"
        for name in _ALIKE
        if before.conditions.get(name) != after.conditions.get(name)
    ]
    if before.quick != after.quick:
        differing.append("one is of a quick run, which measures less")
    return differing


def _line(before: Row, after: Row) -> Line:
    change = after.ours.median / before.ours.median
    return (
        before.name,
        writing.figures(before.ours, before.unit),
        writing.figures(after.ours, after.unit),
        f"{change:.2f}",
        writing.ratio(before),
        writing.ratio(after),
        "" if overlap(before.ours, after.ours) else "differs",
    )


def overlap(one: Figures, other: Figures) -> bool:
    """Tell whether a difference of the medians may be chance: the repetitions' ranges meet."""
    return one.low <= other.high and other.low <= one.high
