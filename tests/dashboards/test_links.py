"""Every link leads to a dashboard of these, with variables that are there."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.dashboards.expressions import dashboards, panels, variables

every_dashboard = pytest.mark.parametrize("uid", sorted(dashboards()))
TIME = "${__url_time_range}"
VALUE = re.compile(r"\$\{(\w+):queryparam\}")


def data_links(panel: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from panel["fieldConfig"]["defaults"].get("links", [])
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            if one["id"] == "links":
                yield from one["value"]


@every_dashboard
def test_a_dashboard_links_to_each_other_with_variables_and_time(uid: str) -> None:
    links = dashboards()[uid]["links"]

    assert {link["url"] for link in links} == {f"/d/{other}" for other in dashboards()} - {
        f"/d/{uid}"
    }
    for link in links:
        assert link["type"] == "link"
        assert link["includeVars"]
        assert link["keepTime"]


@every_dashboard
def test_a_data_link_leads_to_a_dashboard_that_has_its_variables(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        for link in data_links(panel):
            url = urlsplit(link["url"])
            target = url.path.removeprefix("/d/")
            given, named = _variables(url.query)
            assert given <= set(variables(dashboards()[uid])), panel["title"]
            assert given | named == set(variables(dashboards()[target])), panel["title"]
            assert TIME in url.query


def _variables(query: str) -> tuple[set[str], set[str]]:
    """Return the variables handed over as they are, and those that the link sets."""
    set_here = {key.removeprefix("var-") for key, _ in parse_qsl(query) if key.startswith("var-")}
    return set(VALUE.findall(query)), set_here


def test_the_tables_of_accounts_link_to_the_account() -> None:
    (table,) = (
        panel
        for panel in panels(dashboards()["threads-overview"])
        if panel["title"] == "Accounts that need a hand"
    )

    (link,) = data_links(table)

    assert link["url"].startswith(
        '/d/threads-account?var-account=${__data.fields["Account"]:percentencode}&'
    )


@every_dashboard
def test_a_link_of_a_cell_names_a_column_of_its_table(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        titles = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        for link in data_links(panel):
            assert set(re.findall(r'__data\.fields\["(\w+)"\]', link["url"])) <= titles


@every_dashboard
def test_every_table_of_accounts_leads_to_one(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        columns = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        if panel["type"] == "table" and "Account" in columns:
            assert list(data_links(panel)), panel["title"]
