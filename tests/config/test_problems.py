from pathlib import Path

import pytest

from exporter.config.problems import ConfigError, Location, Problem, format_location


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem(Path("c.yaml"), 12, "api.timeout", "is wrong"),
            "c.yaml:12: api.timeout: is wrong",
        ),
        (Problem(Path("c.yaml"), 1, "", "is empty"), "c.yaml:1: is empty"),
        (Problem(Path("c.yaml"), None, "", "cannot be read"), "c.yaml: cannot be read"),
        (Problem(Path("a"), 1, "", "\u202etxt.exe\u200b"), "a:1: \\u202etxt.exe\\u200b"),
        (Problem(Path("a\n\udcff.yaml"), 1, "", "\x1b[2J😀"), "a\\n\\udcff.yaml:1: \\u001b[2J😀"),
    ],
)
def test_is_one_printable_line(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_the_error_tells_every_problem() -> None:
    error = ConfigError([Problem(Path("a"), 1, "", "x"), Problem(Path("b"), 2, "", "y")])
    assert str(error) == "a:1: x\nb:2: y"
    assert len(error.problems) == 2


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ((), ""),
        (("accounts", 3, "name"), "accounts[3].name"),
        ((2, "labels", "team"), "[2].labels.team"),
        (("api", "access_token:THAA"), "api.<key>"),
        (("api", "a" * 41), "api.<key>"),
        (("<key>", 0), "<key>[0]"),
    ],
)
def test_formats_locations(location: Location, text: str) -> None:
    assert format_location(location) == text
