from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.figures import Figures, Row, Unit
from benchmarks.result import Result
from benchmarks.scaling import PAGE, RESULTS, UnmarkedPageError, with_table

SERIES = Row("shard-series", "series that it shows", Unit.NUMBER, Figures((570_521.0, 571_020.0)))
BEGIN = "<!-- Written by `python -m benchmarks scaling` from benchmarks/shards.json. -->\n"
END = "<!-- So far. -->\n"
MEASURED = Result(
    "2026-01-01T00:00:00+00:00",
    quick=False,
    conditions={
        "processor": "4 of AMD EPYC",
        "memory": "1 kB",
        "python": "CPython",
        "load before": "1.0",
    },
    rows=[SERIES],
    left_out={},
    failed={},
    took={},
)
FILLED = f"""\
# Scaling

{BEGIN}
| of each shard | median (lowest–highest) |
| --- | --- |
| series that it shows | 570 770 (570 521–571 020) |

Measured 2026-01-01 on 4 of AMD EPYC, 1 kB, CPython; load before: 1.0.

{END}
The rest.
"""


def test_the_table_takes_the_place_of_the_one_before() -> None:
    page = f"# Scaling\n\n{BEGIN}\nold\n\n{END}\nThe rest.\n"

    assert with_table(page, MEASURED) == FILLED
    assert with_table(FILLED, MEASURED) == FILLED


def test_a_page_without_a_place_for_it_is_refused(tmp_path: Path) -> None:
    file, page = tmp_path / "shards.json", tmp_path / "page.md"
    MEASURED.write(file)
    page.write_text("# Scaling\n", "utf-8")

    refused = CliRunner().invoke(main, ["scaling", str(file), "--output", str(page)])

    assert (refused.exit_code, page.read_text("utf-8")) == (1, "# Scaling\n")
    assert f"{page}: wants one table" in refused.output
    with pytest.raises(UnmarkedPageError):
        with_table("", MEASURED)


def test_a_page_is_written_and_checked(tmp_path: Path) -> None:
    file, page = tmp_path / "shards.json", tmp_path / "page.md"
    MEASURED.write(file)
    page.write_text(FILLED.replace("570 770", "1"), "utf-8")
    command = ["scaling", str(file), "--output", str(page)]

    old = CliRunner().invoke(main, [*command, "--check"])
    written = CliRunner().invoke(main, command)
    current = CliRunner().invoke(main, [*command, "--check"])

    assert (old.exit_code, written.exit_code, current.exit_code) == (1, 0, 0)
    assert old.output.endswith("run python -m benchmarks scaling\n")
    assert page.read_text("utf-8") == FILLED


def test_the_committed_page_is_of_the_committed_figures() -> None:
    page = PAGE.read_text("utf-8")

    assert with_table(page, Result.read(RESULTS)) == page
