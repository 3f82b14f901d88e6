from dataclasses import replace

from benchmarks.comparison import cautions, lines_of, overlap
from benchmarks.figures import Figures
from tests.benchmarks.results import ALONE, FAST, SLOW, result


def test_rows_that_both_results_have_are_set_side_by_side() -> None:
    faster = replace(SLOW, ours=Figures((0.0006,)))

    lines = list(lines_of(result(FAST, SLOW, ALONE), result(faster, FAST)))

    assert lines[1:] == [
        ("scrape", "2 ms (1–3)", "2 ms (1–3)", "1.00", "1/500", "1/500", ""),
        ("poll", "1.2 ms", "600 µs", "0.50", "1.2", "0.6", "differs"),
    ]


def test_ranges_that_meet_may_differ_by_chance() -> None:
    assert overlap(Figures((1.0, 3.0)), Figures((3.0, 5.0)))
    assert not overlap(Figures((1.0, 3.0)), Figures((3.1, 5.0)))


def test_results_of_different_conditions_are_told_of() -> None:
    other = result(python="CPython 3.13.1", quick=True)

    assert cautions(result(), result()) == []
    assert cautions(result(), other) == [
        "python: CPython 3.11.7 before, CPython 3.13.1 after",
        "one is of a quick run, which measures less",
    ]
