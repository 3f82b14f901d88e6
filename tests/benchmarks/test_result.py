import json
from pathlib import Path

import pytest

from benchmarks.result import Result, ResultError
from tests.benchmarks.results import FAST, result


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    written = result()
    written.write(file)

    read = Result.read(file)

    assert list(read.rows) == list(written.rows)
    assert (read.date, read.quick, read.took) == (written.date, written.quick, written.took)
    assert (read.conditions, read.left_out) == (written.conditions, written.left_out)


def test_the_file_tells_medians_ratios_and_targets(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    result(FAST).write(file)

    content = json.loads(file.read_text("utf-8"))

    assert content["format"] == 1
    assert content["rows"] == [
        {
            "name": "scrape",
            "what": "CPU of a scrape",
            "unit": "seconds",
            "ours": {"median": 0.002, "min": 0.001, "max": 0.003, "values": [0.002, 0.001, 0.003]},
            "yardstick": {"median": 1.0, "min": 0.9, "max": 1.1, "values": [1.0, 1.1, 0.9]},
            "against": "prometheus_client's server",
            "ratio": 0.002,
            "target": {"of": "ratio", "bound": 0.01, "at_least": False},
            "met": True,
        }
    ]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 1}', '{"format": 1, "rows": 3}'])
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "result.json"
    file.write_text(content, "utf-8")

    with pytest.raises(ResultError, match="is no result of"):
        Result.read(file)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text('{"format": 2}', "utf-8")

    with pytest.raises(ResultError, match="is of format 2, not 1"):
        Result.read(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"gone\.json: No such file or directory"):
        Result.read(tmp_path / "gone.json")
