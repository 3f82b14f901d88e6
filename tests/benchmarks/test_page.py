from benchmarks.page import page
from tests.benchmarks.results import ALONE, FAST, SLOW, result


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
    assert "Left out: collectd is not installed: sudo apt-get install collectd-core" in text
