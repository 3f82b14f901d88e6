"""docs/reliability.md against the tests and the metrics that it names."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs"
PAGE = (DOCS / "reliability.md").read_text("utf-8")
ROWS = {f"F{number}" for number in range(1, 36)}


def rows() -> dict[str, str]:
    return dict(
        re.findall(r"^\| (F\d+) \|.*\(\.\./tests/faults/(\w+\.py)\) \|$", PAGE, re.MULTILINE)
    )


def test_every_row_has_its_test() -> None:
    assert rows().keys() == ROWS


def test_every_test_has_its_row() -> None:
    assert sorted(rows().values()) == sorted(file.name for file in FOLDER.glob("test_f[0-9]*.py"))


def test_every_metric_that_is_named_exists() -> None:
    named = set(re.findall(r"`(threads_\w+)`", PAGE))
    described = set(re.findall(r"`(threads_\w+)`", (DOCS / "metrics.md").read_text("utf-8")))

    assert named
    assert named <= described
