"""Draws every dashboard in every state with Grafana's own libraries; takes two minutes."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards.preview.faults import EXCUSED, faults
from dashboards.preview.pictures import Picture, dashboards, take
from dashboards.preview.renderer import Drawn, Panel
from dashboards.preview.states import State
from dashboards.preview.tools import ROOT, MissingToolsError, find_tools

HISTORY_SECONDS = 75
PNG = b"\x89PNG\r\n"
DASHBOARDS = dashboards()
OVERVIEW = Picture(State.DEMO, "threads-overview")


def titles(dashboard: str) -> set[str]:
    """Return the titles of all panels, but of no row."""
    document = json.loads((ROOT / "dashboards" / f"{dashboard}.json").read_text("utf-8"))
    inside = [panel for row in document["panels"] for panel in row.get("panels", ())]
    panels = document["panels"] + inside
    return {panel["title"] for panel in panels if panel["type"] != "row"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def drawn(directory: Path) -> Mapping[Picture, Drawn]:
    try:
        tools = find_tools()
    except MissingToolsError as error:
        pytest.skip(f"the dashboards cannot be drawn here: {error}")
    return take(tools, {state: directory / state for state in State}, HISTORY_SECONDS)


@pytest.mark.grafana
@pytest.mark.parametrize("dashboard", DASHBOARDS)
@pytest.mark.parametrize("state", list(State))
def test_dashboard_is_drawn_without_fault(
    state: State, dashboard: str, drawn: Mapping[Picture, Drawn], directory: Path
) -> None:
    picture = Picture(state, dashboard)

    assert list(faults(picture, drawn[picture])) == []
    assert picture.file(directory / state).read_bytes().startswith(PNG)


@pytest.mark.grafana
@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_panel_is_drawn(dashboard: str, drawn: Mapping[Picture, Drawn]) -> None:
    panels = drawn[Picture(State.DEMO, dashboard)].panels

    assert {panel.title for panel in panels} == titles(dashboard)


def test_all_dashboards_are_drawn() -> None:
    assert DASHBOARDS == (
        "threads-account",
        "threads-containers",
        "threads-exporter",
        "threads-overview",
    )


@pytest.mark.parametrize("state", EXCUSED)
def test_excused_panels_exist(state: State) -> None:
    for excused in EXCUSED[state]:
        for dashboard, panels in excused.items():
            assert panels <= titles(dashboard)


def fake_programs(directory: Path, node_version: str) -> None:
    for name in ("node", "npm", "chromium", "prometheus"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho {node_version}\n", "ascii")
        program.chmod(0o755)


def test_programs_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_programs(tmp_path, "v22.3.0")
    monkeypatch.setenv("PATH", str(tmp_path))

    tools = find_tools()

    assert (tools.node, tools.browser) == (str(tmp_path / "node"), str(tmp_path / "chromium"))


def test_missing_programs_are_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_programs(tmp_path, "v22.3.0")
    (tmp_path / "npm").unlink()
    (tmp_path / "chromium").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingToolsError) as caught:
        find_tools()

    assert str(caught.value).splitlines() == [
        "npm is missing: sudo apt install npm",
        "chromium is missing: sudo apt install chromium",
    ]


def test_old_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_programs(tmp_path, "v18.20.4")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        MissingToolsError, match=r"node is too old: install Node.js 20\.19 or newer"
    ):
        find_tools()


def test_error_of_a_panel_is_a_fault() -> None:
    panel = Panel("Accounts", ("bad_data: parse error",), empty=True)

    told = list(faults(OVERVIEW, Drawn((panel,), ())))

    assert told == ["demo: threads-overview: Accounts: bad_data: parse error"]


def test_error_of_a_dashboard_is_a_fault() -> None:
    drawn = Drawn((), ("variable job: no answer",))

    assert list(faults(OVERVIEW, drawn)) == ["demo: threads-overview: variable job: no answer"]


def test_empty_panel_is_a_fault() -> None:
    drawn = Drawn((Panel("Accounts", (), empty=True),), ())

    assert list(faults(OVERVIEW, drawn)) == ["demo: threads-overview: Accounts: no data"]


def test_empty_panel_is_excused_where_its_state_has_no_data() -> None:
    picture = Picture(State.API_DOWN, "threads-overview")
    drawn = Drawn((Panel("Fullest quotas (top 20)", (), empty=True),), ())

    assert list(faults(picture, drawn)) == []


def test_nothing_is_a_fault_of_an_exporter_that_is_not_there_but_an_error() -> None:
    panels = (Panel("Accounts", (), empty=True), Panel("Alerts", ("timeout",), empty=True))

    told = list(faults(Picture(State.EMPTY, "threads-overview"), Drawn(panels, ())))

    assert told == ["empty: threads-overview: Alerts: timeout"]
