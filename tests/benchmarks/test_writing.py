import pytest

from benchmarks import writing
from benchmarks.figures import Figures, Judged, Row, Target, Unit, at_least, at_most
from tests.benchmarks.results import ALONE, FAST, SLOW


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (2.5, Unit.SECONDS, "2.5 s"),
        (0.0123, Unit.SECONDS, "12.3 ms"),
        (0.000_040_1, Unit.SECONDS, "40.1 µs"),
        (0.000_000_5, Unit.SECONDS, "0.5 µs"),
        (14_321.0, Unit.BYTES, "14.3 kB"),
        (331e6, Unit.BYTES, "331 MB"),
        (21_234.4, Unit.PER_SECOND, "21 234 /s"),
        (0.1234, Unit.CORES, "0.123 cores"),
        (0.77, Unit.SHARE, "77 %"),
    ],
)
def test_a_figure_is_written_in_the_multiple_that_suits_it(
    value: float, unit: Unit, written: str
) -> None:
    assert writing.figure(value, unit) == written


def test_repetitions_are_written_with_their_range() -> None:
    assert writing.figures(Figures((0.002, 0.0015, 0.004)), Unit.SECONDS) == "2 ms (1.5–4)"
    assert writing.figures(Figures((0.002,)), Unit.SECONDS) == "2 ms"


def test_a_small_ratio_is_written_as_a_fraction() -> None:
    assert [writing.ratio(row) for row in (FAST, SLOW, ALONE)] == ["1/500", "1.2", ""]


@pytest.mark.parametrize(
    ("target", "written"),
    [
        (None, ""),
        (at_most(1 / 100), "≤ 1/100"),
        (at_most(1 / 3), "≤ 1/3"),
        (at_most(0.9), "≤ 0.9"),
        (at_least(0.5), "≥ 0.5"),
        (Target(Judged.VALUE, 15_000), "≤ 15 kB"),
        (Target(Judged.VALUE, 20_000, at_least=True), "≥ 20 kB"),
    ],
)
def test_a_target_is_written_as_its_bound(target: Target | None, written: str) -> None:
    row = Row("name", "what", Unit.BYTES, Figures((1.0,)), target=target)

    assert writing.target(row) == written


def test_what_became_of_a_target_is_a_word() -> None:
    assert [writing.answer(row) for row in (FAST, SLOW, ALONE)] == ["met", "missed", ""]
