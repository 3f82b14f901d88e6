"""The command line; what it measures here is the cheapest, and no figure is asserted on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import bench
from benchmarks.__main__ import main
from benchmarks.bench import Bench, Measurement, MissingToolError, tool
from benchmarks.figures import Row
from benchmarks.measurements import APART, MEASUREMENTS
from benchmarks.page import PAGE, RESULTS
from benchmarks.page import page as write
from benchmarks.result import Result
from benchmarks.run import run
from tests.benchmarks.results import ALONE, result

ROWS = [
    "scrape-little-changed",
    "scrape-little-changed-and-rendering",
    "scrape-all-changed",
    "scrape-all-changed-and-rendering",
    "generate-latest",
    "parsing",
]


def test_a_quick_run_prints_a_table_and_writes_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    only = ("--only", "scrape", "--only", "parsing")
    command = (sys.executable, "-m", "benchmarks", "run", "--quick", *only, f"--output={file}")
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    written = Result.read(file)

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["row", *ROWS, "quick:"]
    assert [row.name for row in written.rows] == ROWS
    assert all(row.ours.low > 0 for row in written.rows)
    assert written.quick
    assert list(written.took) == ["scrape", "parsing"]
    assert {"commit", "processor", "python", "nginx"} <= written.conditions.keys()


def test_what_lacks_a_program_is_left_out() -> None:
    def measure(_: Bench) -> Iterator[Row]:
        tool("no-such-program", "none")
        yield ALONE

    result = run([Measurement(name, measure) for name in ("lacking", "too")], quick=True)

    assert list(result.rows) == []
    assert list(result.left_out_lines()) == [
        "left out: lacking, too: no-such-program is not installed: sudo apt-get install none"
    ]
    assert (result.failed, result.took) == ({}, {})


@pytest.mark.parametrize(
    "lacking",
    [
        "identity",
        "under-load",
        "poll",
        "memory",
        "registration",
        "growth",
        "api",
        "collectd",
        "shards",
    ],
)
def test_without_programs_their_measurements_are_left_out(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(bench, "PATHS", "")

    result = run([one for one in (*MEASUREMENTS, *APART) if one.name == lacking], quick=True)

    assert (list(result.rows), result.failed) == ([], {})
    assert "sudo apt-get install" in result.left_out[lacking]


def test_what_fails_has_no_rows() -> None:
    def measure(_: Bench) -> Iterator[Row]:
        yield ALONE
        raise RuntimeError("answered 500")

    result = run([Measurement("failing", measure)], quick=True)

    assert list(result.rows) == []
    assert result.failed == {"failing": "answered 500"}


def test_two_results_are_compared(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    result().write(before)
    result(quick=True).write(after)

    compared = CliRunner().invoke(main, ["compare", str(before), str(after)])

    assert compared.exit_code == 0
    assert "not alike: one is of a quick run" in compared.stderr
    assert compared.stdout.splitlines()[1].split() == [
        *("scrape", "2", "ms", "(1–3)", "2", "ms", "(1–3)", "1.00", "1/500", "1/500")
    ]


def test_a_page_is_written(tmp_path: Path) -> None:
    file, page = tmp_path / "result.json", tmp_path / "page.md"
    result().write(file)

    written = CliRunner().invoke(main, ["page", str(file), "--output", str(page)])

    assert (written.exit_code, written.output) == (0, "")
    assert page.read_text("utf-8").startswith("# Performance\n")


def test_a_page_is_checked(tmp_path: Path) -> None:
    file, page = tmp_path / "result.json", tmp_path / "page.md"
    result().write(file)
    command = ["page", str(file), "--output", str(page)]
    CliRunner().invoke(main, command)

    current = CliRunner().invoke(main, [*command, "--check"])
    page.write_text("old", "utf-8")
    old = CliRunner().invoke(main, [*command, "--check"])

    assert (current.exit_code, current.output) == (0, "")
    assert (old.exit_code, old.output) == (
        1,
        f"Error: {page} differs from {file}: run python -m benchmarks page\n",
    )
    assert page.read_text("utf-8") == "old"


def test_the_committed_page_is_of_the_committed_figures() -> None:
    assert PAGE.read_text("utf-8") == write(Result.read(RESULTS))


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text("{}", "utf-8")

    refused = CliRunner().invoke(main, ["compare", str(file), str(file)])

    assert refused.exit_code == 1
    assert f"{file}: is no result of" in refused.output


def test_a_program_is_found_by_its_name() -> None:
    assert tool("sh", "dash").name == "sh"
    with pytest.raises(MissingToolError, match="sudo apt-get install nothing"):
        tool("no-such-program", "nothing")
