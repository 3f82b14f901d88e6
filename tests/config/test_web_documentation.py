"""docs/web-configuration.md says what the code does."""

import re
from pathlib import Path

import pytest

from exporter.config.section import Section, section_keys
from exporter.config.web_config import load_web_settings
from exporter.config.web_entries import ClientAuth, HttpEntry, RateLimitEntry, TlsEntry
from exporter.config.web_fields import CURVES, HEADERS, MOST_COST
from tests.certificates import Authority
from tests.config.conftest import Write

PAGE = (Path(__file__).parents[2] / "docs/web-configuration.md").read_text("utf-8")
EXAMPLES = re.findall(r"load this example -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("tls_server_config", TlsEntry),
        ("http_server_config", HttpEntry),
        ("rate_limit", RateLimitEntry),
    ],
)
def test_every_key_has_its_row(heading: str, section: type[Section]) -> None:
    _, _, rest = PAGE.partition(f"\n### {heading}\n")
    table = rest.partition("|---|---|---|\n")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()]
    found = [key for cell in cells for key in re.findall(r"`([a-z_0-9]+)`", cell)]

    assert sorted(found) == sorted(section_keys(section))


def test_what_a_value_may_be_is_told() -> None:
    values = [*HEADERS, *CURVES, *(kind for kind in ClientAuth if kind is not ClientAuth.REQUIRE)]

    assert [value for value in values if f"`{value}`" not in PAGE] == []
    assert f"Costs go up to {MOST_COST}." in PAGE


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_right(write: Write, tmp_path: Path, example: str) -> None:
    authority = Authority(tmp_path)
    authority.issue("server")
    assert authority.file.name == "ca.pem"

    assert load_web_settings(write("web.yml", example)).warnings == ()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2
