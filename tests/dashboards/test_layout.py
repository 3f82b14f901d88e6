"""What Grafana needs of a dashboard beside its queries."""

import re
from itertools import combinations

import pytest

from tests.dashboards.expressions import dashboards, panels
from tests.dashboards.test_links import data_links

every_dashboard = pytest.mark.parametrize("uid", sorted(dashboards()))
TITLES = {
    "threads-overview": "Threads / Overview",
    "threads-account": "Threads / Account",
    "threads-containers": "Threads / Containers",
    "threads-exporter": "Threads / Exporter",
}


def test_there_are_four_with_these_titles() -> None:
    assert {uid: one["title"] for uid, one in dashboards().items()} == TITLES


@every_dashboard
def test_a_dashboard_goes_by_the_name_of_its_file(uid: str) -> None:
    assert dashboards()[uid]["uid"] == uid
    assert re.fullmatch("[a-z0-9-]{1,40}", uid)


@every_dashboard
def test_it_is_as_all_the_others(uid: str) -> None:
    dashboard = dashboards()[uid]

    assert dashboard["tags"] == ["threads", "threads-exporter"]
    assert dashboard["timezone"] == "browser"
    assert dashboard["graphTooltip"] == 1
    assert dashboard["refresh"] == "1m"
    assert dashboard["schemaVersion"] >= 36
    assert "id" not in dashboard


@every_dashboard
def test_each_panel_has_an_id_and_a_title_of_its_own(uid: str) -> None:
    everything = dashboards()[uid]["panels"]
    ids = [panel["id"] for panel in everything]
    titles = [panel["title"] for panel in panels(dashboards()[uid])]

    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    assert len(set(titles)) == len(titles)


@every_dashboard
def test_no_panel_lies_on_another_or_outside(uid: str) -> None:
    places = [panel["gridPos"] for panel in dashboards()[uid]["panels"]]

    for place in places:
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        assert not _overlap(one, other), (one, other)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


@every_dashboard
def test_the_panels_of_a_row_fill_its_width(uid: str) -> None:
    for title, places in _rows(uid).items():
        top = min(place["y"] for place in places)
        bottom = max(place["y"] + place["h"] for place in places)
        assert sum(place["w"] * place["h"] for place in places) == 24 * (bottom - top), title


@every_dashboard
def test_a_dashboard_begins_with_its_summary(uid: str) -> None:
    title, places = next(iter(_rows(uid).items()))

    assert title == "Summary"
    assert len(places) == 8


def _rows(uid: str) -> dict[str, list[dict[str, int]]]:
    """Return the places of the panels by the title of the row that they are in."""
    rows: dict[str, list[dict[str, int]]] = {}
    for panel in sorted(dashboards()[uid]["panels"], key=lambda one: one["gridPos"]["y"]):
        if panel["type"] == "row":
            rows[panel["title"]] = []
        else:
            rows[list(rows)[-1]].append(panel["gridPos"])
    return rows


@every_dashboard
def test_nothing_is_left_of_what_the_builder_adds(uid: str) -> None:
    dashboard = dashboards()[uid]

    assert dashboard["annotations"] == {"list": []}
    assert all("placement" not in link for link in dashboard["links"])
    for panel in panels(dashboard):
        assert all(link.keys() == {"title", "url"} for link in data_links(panel))
    for variable in dashboard["templating"]["list"]:
        assert not {"auto", "auto_count", "auto_min"} & set(variable)


@every_dashboard
def test_a_table_is_sorted_by_one_of_its_columns_and_names_each(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        if panel["type"] == "table":
            options = {one["id"]: one["options"] for one in panel["transformations"]}
            titles = set(options["organize"]["renameByName"].values())
            overridden = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
            assert {one["field"] for one in options["sortBy"]["sort"]} <= titles
            assert overridden == titles
            assert ("merge" in options) == (len(panel["targets"]) > 1)
