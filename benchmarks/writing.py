"""Figures, ratios and targets as people read them."""

from collections.abc import Mapping, Sequence

from benchmarks.figures import Figures, Judged, Row, Target, Unit

_STEPS: Mapping[Unit, Sequence[tuple[float, str]]] = {
    Unit.SECONDS: ((1, "s"), (1e-3, "ms"), (1e-6, "µs")),
    Unit.BYTES: ((1e6, "MB"), (1e3, "kB"), (1, "B")),
    Unit.CORES: ((1, "cores"),),
    Unit.PER_SECOND: ((1, "/s"),),
    Unit.SHARE: ((0.01, "%"),),
    Unit.NUMBER: ((1, ""),),
}
_ANSWERS = {None: "", True: "met", False: "missed"}


def figure(value: float, unit: Unit) -> str:
    """Write a value with three digits, in the multiple of its unit that suits it."""
    scale, name = _step(value, unit)
    return f"{_digits(value / scale)} {name}".rstrip()


def figures(of: Figures, unit: Unit) -> str:
    """Write the median, and the lowest and highest where there are several."""
    scale, _ = _step(of.median, unit)
    median = figure(of.median, unit)
    if len(of.values) == 1:
        return median
    return f"{median} ({_digits(of.low / scale)}–{_digits(of.high / scale)})"


def count(number: float) -> str:
    """Write a whole number, its thousands apart."""
    return f"{number:,.0f}".replace(",", " ")


def ratio(row: Row) -> str:
    """Write ours over the yardstick's: 1/80 where ours is the smaller by far, else 0.83."""
    value = row.ratio
    if value is None:
        return ""
    return f"1/{_digits(1 / value)}" if 0 < value < 0.1 else _digits(value)


def target(row: Row) -> str:
    return "" if row.target is None else _bound(row.target, row.unit)


def answer(row: Row) -> str:
    return _ANSWERS[row.met]


def _bound(of: Target, unit: Unit) -> str:
    sign = "≥" if of.at_least else "≤"
    if of.judged is Judged.VALUE:
        return f"{sign} {figure(of.bound, unit)}"
    return f"{sign} {f'1/{1 / of.bound:.3g}' if of.bound < 0.5 else f'{of.bound:g}'}"


def _step(value: float, unit: Unit) -> tuple[float, str]:
    steps = _STEPS[unit]
    return next((step for step in steps if abs(value) >= step[0]), steps[-1])


def _digits(value: float) -> str:
    if abs(value) >= 100:
        return count(value)
    return f"{value:.3g}"
