import re
from pathlib import Path

from click.testing import CliRunner

from exporter.metrics.docs import PAGE, main
from exporter.metrics.page import SECTIONS, page

DESCS = [desc for _, section in SECTIONS for desc in section]


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_metric_has_a_section_and_a_sentence() -> None:
    text = page()

    for desc in DESCS:
        assert f"\n### {desc.name}\n\n{desc.help}\n" in text
        assert desc.help.endswith(".")


def test_every_metric_of_an_example_is_one_of_the_page() -> None:
    known = {desc.name for desc in DESCS}

    for desc in DESCS:
        for name in re.findall(r"(?:threads|probe)_\w+", re.sub(r'"[^"]*"', "", desc.promql)):
            assert re.sub("_bucket$", "", name) in known


def test_an_account_costs_what_the_page_says() -> None:
    assert "An account costs 30 series before its first poll and 57 once\n" in page()


def test_the_page_is_written_and_then_current(tmp_path: Path) -> None:
    file = tmp_path / "metrics.md"

    assert CliRunner().invoke(main, ["--output", str(file)]).exit_code == 0
    assert CliRunner().invoke(main, ["--output", str(file), "--check"]).exit_code == 0


def test_a_page_that_differs_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "metrics.md"
    file.write_text("old", encoding="utf-8")

    for name in ("metrics.md", "missing.md"):
        checked = CliRunner().invoke(main, ["--output", str(tmp_path / name), "--check"])

        assert checked.exit_code == 1
        assert checked.output == (
            f"Error: {tmp_path / name} differs from the metrics:"
            " run python -m exporter.metrics.docs\n"
        )
    assert file.read_text(encoding="utf-8") == "old"
