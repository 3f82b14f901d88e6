"""The runbooks name what there is: alerts, series and labels, thresholds, files."""

import json
import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from alerts.__main__ import main
from alerts.overrides import thresholds
from alerts.rendering import Format, rules_file
from alerts.settings import Settings
from alerts.table import ALERTS
from alerts.thresholds import DEFAULT
from tests.promql import problems_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX})
SECTIONS = ["What it costs", "Look", "Do", "If it is a false alarm"]
_PROMQL = re.compile(r"^ *```promql\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_GENERATOR = re.compile(r"python -m alerts ([^`\n]+)")
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_INDEX_ROW = re.compile(r"^\| \[(\w+)\]\((\w+)\.md\) \| ([\w, ]+) \|", re.MULTILINE)

of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
of_each_page_and_the_index = pytest.mark.parametrize(
    "page", [INDEX, *PAGES], ids=lambda page: page.stem
)


class Query(NamedTuple):
    page: str
    promql: str


def _queries() -> Iterator[Query]:
    for page in PAGES:
        for promql in _PROMQL.findall(page.read_text("utf-8")):
            yield Query(page.stem, promql.strip())


QUERIES = tuple(_queries())
COMMANDS = sorted(
    {command for page in [INDEX, *PAGES] for command in _GENERATOR.findall(page.read_text("utf-8"))}
)


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall("^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_is_a_page_for_each_alert() -> None:
    assert {page.stem for page in PAGES} == {alert.name for alert in ALERTS}


def test_each_alert_leads_to_its_page() -> None:
    rules = (ROOT / "alerts/threads-exporter.rules.yaml").read_text("utf-8")

    linked = re.findall(r"runbook_url: .*/docs/runbooks/(\S+)$", rules, re.MULTILINE)

    assert set(linked) == {page.name for page in PAGES}


def test_the_index_has_every_alert_with_its_severities() -> None:
    rows = _INDEX_ROW.findall(INDEX.read_text("utf-8"))
    severities = defaultdict(set)
    for alert in ALERTS:
        severities[alert.name].add(alert.severity.value)

    assert {name: set(given.split(", ")) for name, _, given in rows} == severities
    assert [name for name, _, _ in rows] == [target for _, target, _ in rows]


@of_each_page
def test_a_page_has_the_sections_in_order(page: Path) -> None:
    text = page.read_text("utf-8")
    title, sentence, *_ = text.split("\n\n")

    assert title == f"# {page.stem}"
    assert sentence.endswith(".")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == SECTIONS


@of_each_page
def test_a_page_is_short(page: Path) -> None:
    assert 25 <= len(page.read_text("utf-8").splitlines()) <= 60


@of_each_page
def test_a_page_has_a_query(page: Path) -> None:
    assert page.stem in {query.page for query in QUERIES}


@of_each_page_and_the_index
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text("utf-8")):
        file = page.parent / target if target else page
        assert file.is_file(), target
        assert not anchor or anchor in _anchors(file), anchor


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.page)
def test_a_query_names_series_and_labels_that_there_are(query: Query) -> None:
    assert problems_of(query.promql) == []


@pytest.mark.parametrize(
    ("promql", "problems"),
    [
        ("threads_quota_used", ["no series threads_quota_used"]),
        ('up{acount="acme"}', ["no label acount on up"]),
        (
            'rate(threads_polls_total{poll=~"quota|tokens"}[5m])',
            ["no value quota|tokens of poll on threads_polls_total"],
        ),
        (
            "sum by (acount) (rate(threads_polls_total[5m]))",
            ["no label acount to group or join by"],
        ),
        (
            "threads_token_valid * on (acount) threads_account_info",
            ["no label acount to group or join by"] * 2,
        ),
        ("max_over_time((threads_quota_used)[1d:1m])", ["no series threads_quota_used"]),
    ],
)
def test_a_query_that_names_others_is_found(promql: str, problems: list[str]) -> None:
    assert problems_of(promql) == problems


@pytest.mark.prometheus
def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": query.promql} for number, query in enumerate(QUERIES)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))

    checked = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_rules_can_be_changed_as_told(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, shlex.split(command))

    assert result.exit_code == 0, result.output
    assert (tmp_path / "rules.yaml").read_text("utf-8") != rules_file(Settings(), Format.PROMETHEUS)


@of_each_page
def test_a_threshold_has_the_value_that_the_page_tells(page: Path) -> None:
    assert thresholds(f"{name}={value}" for name, value in _told_thresholds(page)) == DEFAULT


def test_every_threshold_is_on_a_page() -> None:
    told = {name for page in PAGES for name, _ in _told_thresholds(page)}

    assert told == asdict(DEFAULT).keys()


def _told_thresholds(page: Path) -> list[tuple[str, str]]:
    """Return the thresholds that a page tells with their values, as `quota_high` (0.8)."""
    told = re.findall(r"`(\w+)`\s+\((\d[\w.]*)\)", page.read_text("utf-8"))
    return [(name, value) for name, value in told if name in asdict(DEFAULT)]
