from benchmarks.figures import Figures, Row, Unit
from benchmarks.page import RESULTS, page
from benchmarks.reasons import REASONS
from benchmarks.result import Result
from tests.benchmarks.results import ALONE, FAST, SLOW, result

EMPTY = Row("memory-empty", "", Unit.BYTES, Figures((80e6,)))
EACH = Row("memory-per-account", "", Unit.BYTES, Figures((15e3,)))
RATE = Row("rate-largest", "", Unit.PER_SECOND, Figures((803.0,)))


def test_rows_with_a_target_come_first() -> None:
    text = page(result(ALONE, SLOW, FAST))
    targets, others = text.split("## What else it costs")

    assert (
        "| `scrape`: CPU of a scrape | 2 ms (1–3) | 1 s (0.9–1.1): prometheus_client's server"
        " | 1/500 | ≤ 1/100 | met |" in targets
    )
    assert "| `memory`: memory of an account | 14 kB |  |  |  |  |" in others


def test_each_missed_target_is_told_of() -> None:
    missed = "Missed:\n\n- `poll`: the reason is not known yet.\n\n## What else"

    assert missed in page(result())
    assert "Missed:" not in page(result(FAST))


def test_the_conditions_and_what_was_left_out_are_told() -> None:
    text = page(result())

    assert "| processor | 4 of AMD EPYC |" in text
    assert "| measuring took | 2 minutes |" in text
    assert "\nleft out: collectd: collectd is not installed: sudo apt-get install" in text


def test_growth_is_a_table_of_its_own() -> None:
    parts = [
        Row("growth-1000", "", Unit.SECONDS, Figures((0.002,))),
        Row("growth-1000-scrape", "", Unit.SECONDS, Figures((0.003,))),
        Row("growth-1000-memory", "", Unit.BYTES, Figures((90e6,))),
        Row("growth-1000-ready", "", Unit.SECONDS, Figures((4.0,))),
    ]
    text = page(result(*parts))

    assert "| 1 000 | 2 ms | 3 ms | 90 MB | 4 s |" in text
    assert "growth-1000" not in text


def test_what_was_measured_is_told_in_words_and_nothing_else_is() -> None:
    text = page(result(EMPTY, EACH, RATE))

    assert (
        "- **Accounts.** One process keeps up with 803 polls a second: 48 000 accounts polled"
        in text
    )
    assert "- **Memory.** 80 MB for the process and 15 kB for each account." in text
    assert ": 142 MB for 1 000 accounts, 345 MB for 10 000, 1 245 MB for 50 000." in text
    assert "**Scrapes.**" not in text


def test_a_quick_run_means_nothing() -> None:
    text = page(result(RATE, quick=True))

    assert "These figures are of a quick run" in text
    assert "## What it means" not in text


def test_a_section_without_figures_is_left_out() -> None:
    text = page(result(RATE))

    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What it means",
        "## What else it costs",
        "## How it is measured",
        "## Measured on",
        "## Run it",
    ]


def test_reasons_are_of_rows_that_are_measured() -> None:
    assert REASONS.keys() <= {row.name for row in Result.read(RESULTS).rows}
