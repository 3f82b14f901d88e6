from pathlib import Path

from click.testing import CliRunner

from exporter.threads_api.catalogue import ENTRIES
from exporter.threads_api.docs import PAGE, main, render

ROOT = Path(__file__).parents[2]


def test_committed_page_is_what_the_catalogue_says() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render()


def test_page_holds_every_entry() -> None:
    page = render()

    for entry in ENTRIES:
        assert f"\n### {entry.known.name}\n\n{entry.meaning}\n" in page
        assert f"- **Solution:** {entry.known.solution}\n" in page
        assert f"| [`{entry.known.name}`](#{entry.known.name}) | `{entry.known.action}` |" in page


def test_page_tells_what_an_error_does_to_the_exporter() -> None:
    page = render()

    assert "`wait` | `rate_limited` | pauses all accounts of the app |" in page
    assert "`wait` | `rate_limited` | pauses the account |" in page
    assert '`threads_token_invalid_reason{reason="revoked"}` is 1 |' in page
    assert "| `not_found` | a container that stays unknown ends as `lost` |" in page
    assert "| `transient` | none |" in page


def test_page_is_written_where_asked(tmp_path: Path) -> None:
    page = tmp_path / "new" / "errors.md"

    result = CliRunner().invoke(main, [str(page)])

    assert (result.exit_code, result.output) == (0, "")
    assert page.read_text(encoding="utf-8") == render()


def test_check_passes_a_page_that_is_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "errors.md"
    page.write_text(render(), encoding="utf-8")

    result = CliRunner().invoke(main, ["--check", str(page)])

    assert (result.exit_code, result.output) == (0, "")


def test_check_fails_and_changes_nothing_on_an_old_page(tmp_path: Path) -> None:
    page = tmp_path / "errors.md"
    page.write_text("old", encoding="utf-8")

    result = CliRunner().invoke(main, ["--check", str(page)])

    assert result.exit_code == 1
    assert result.output == (
        f"Error: {page} is not what the catalogue says; run python -m exporter.threads_api.docs\n"
    )
    assert page.read_text(encoding="utf-8") == "old"


def test_check_fails_on_a_missing_page(tmp_path: Path) -> None:
    page = tmp_path / "errors.md"

    result = CliRunner().invoke(main, ["--check", str(page)])

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {page} is not what the catalogue says")
