"""The rules of Grafana's dashboard-linter; dashboards/.lint says what is exempt from which."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as pp
import pytest
import yaml
from grafana_foundation_sdk.models import units

from tests.dashboards.expressions import (
    FOLDER,
    dashboards,
    interpolate,
    panels,
    selected,
    variables,
)
from tests.dashboards.promql import children, selectors

Dashboard = dict[str, Any]
Finding = tuple[str, str]
"""The titles of the panel, or the name of the variable, and what is wrong."""
Rule = Callable[[Dashboard], Iterator[Finding]]

SHOWING = {"stat", "table", "timeseries", "gauge", "state-timeline"}
UNITS = {unit for name, unit in vars(units).items() if name[0].isupper() and isinstance(unit, str)}
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def _targets(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def template_datasource_rule(dashboard: Dashboard) -> Iterator[Finding]:
    found = [one for one in variables(dashboard).values() if one["type"] == "datasource"]
    if [(one["name"], one["label"], one["query"]) for one in found] != [
        ("datasource", "Data source", "prometheus")
    ]:
        yield "datasource", "is not the only data source variable"


def _several_rule(name: str, label: str) -> Rule:
    wanted = {
        "type": "query",
        "label": label,
        "datasource": DATA_SOURCE,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
    }

    def rule(dashboard: Dashboard) -> Iterator[Finding]:
        variable = variables(dashboard).get(name, {})
        for key, value in wanted.items():
            if variable.get(key) != value:
                yield name, f"{key} is not {value}"

    return rule


def template_label_promql_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for name, variable in variables(dashboard).items():
        if variable["type"] == "query" and not selectors(interpolate(selected(variable))):
            yield name, "selects nothing"


def template_on_time_change_reload_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for name, variable in variables(dashboard).items():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield name, "is not read again when the time changes"


def panel_datasource_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        if any(one["datasource"] != DATA_SOURCE for one in (panel, *panel["targets"])):
            yield panel["title"], "does not use the data source variable"


def panel_title_description_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        if not panel["title"] or not panel.get("description", "").endswith("."):
            yield panel["title"], "has no title or no description"


def panel_units_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        config = panel["fieldConfig"]
        overridden = [
            one["value"]
            for override in config["overrides"]
            for one in override["properties"]
            if one["id"] == "unit"
        ]
        for unit in (config["defaults"].get("unit"), *overridden):
            if unit not in UNITS:
                yield panel["title"], f"has the unit {unit}"


def panel_no_targets_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        if panel["type"] not in SHOWING or not panel["targets"]:
            yield panel["title"], "asks nothing, or is of a kind that no rule knows"


def target_promql_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for title, expr in _targets(dashboard):
        try:
            pp.parse(interpolate(expr))
        except ValueError as error:
            yield title, str(error)


def target_rate_interval_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for title, expr in _targets(dashboard):
        windows = re.findall(r"\bi?rate\([^\[\]]*\[([^\]]*)\]", expr)
        if set(windows) - {"$__rate_interval"}:
            yield title, "has a rate over another window than $__rate_interval"


def _matcher_rule(matcher: str) -> Rule:
    def rule(dashboard: Dashboard) -> Iterator[Finding]:
        for title, expr in _targets(dashboard):
            if any(matcher not in one for one in re.findall(r"\w+\{([^}]*)\}", expr)):
                yield title, f"has a selector without {matcher}"
            if len(re.findall(r"\w+\{", expr)) != len(selectors(interpolate(expr))):
                yield title, "has a selector without matchers"

    return rule


def target_counter_agg_rule(dashboard: Dashboard) -> Iterator[Finding]:
    for title, expr in _targets(dashboard):
        shown = _shown(pp.parse(interpolate(expr)))
        if any((selector.name or "").endswith("_total") for selector in shown):
            yield title, "shows a counter that is no rate"


def _shown(node: pp.Expr) -> Iterator[pp.VectorSelector]:
    """Yield the selectors whose values are in the answer, not those that are made a rate."""
    if isinstance(node, pp.VectorSelector):
        yield node
    if not (isinstance(node, pp.Call) and node.func.name in {"rate", "irate", "increase"}):
        for child in children(node):
            yield from _shown(child)


def uneditable_dashboard(dashboard: Dashboard) -> Iterator[Finding]:
    if dashboard["editable"] is not False:
        yield "", "can be edited"


RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource_rule,
    "template-job-rule": _several_rule("job", "Job"),
    "template-instance-rule": _several_rule("instance", "Instance"),
    "template-label-promql-rule": template_label_promql_rule,
    "template-on-time-change-reload-rule": template_on_time_change_reload_rule,
    "panel-datasource-rule": panel_datasource_rule,
    "panel-title-description-rule": panel_title_description_rule,
    "panel-units-rule": panel_units_rule,
    "panel-no-targets-rule": panel_no_targets_rule,
    "target-promql-rule": target_promql_rule,
    "target-rate-interval-rule": target_rate_interval_rule,
    "target-job-rule": _matcher_rule('job=~"$job"'),
    "target-instance-rule": _matcher_rule('instance=~"$instance"'),
    "target-counter-agg-rule": target_counter_agg_rule,
    "uneditable-dashboard": uneditable_dashboard,
}

EXCLUSIONS = yaml.safe_load((FOLDER / ".lint").read_text(encoding="utf-8"))["exclusions"]


def _findings(rule: str, dashboard: Dashboard) -> set[str]:
    return {panel for panel, _ in RULES[rule](dashboard)}


def _excluded(rule: str, dashboard: Dashboard) -> set[str]:
    entries = EXCLUSIONS.get(rule, {}).get("entries", [])
    return {one["panel"] for one in entries if one["dashboard"] == dashboard["title"]}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_a_rule_holds_but_where_it_is_excluded(uid: str, rule: str) -> None:
    dashboard = dashboards()[uid]

    assert _findings(rule, dashboard) == _excluded(rule, dashboard)


def test_an_exclusion_names_a_rule_a_reason_and_a_dashboard() -> None:
    titles = {dashboard["title"] for dashboard in dashboards().values()}

    for rule, exclusion in EXCLUSIONS.items():
        assert rule in RULES
        assert exclusion["reason"]
        assert {entry["dashboard"] for entry in exclusion["entries"]} <= titles


def _variable(name: str, key: str, value: object) -> Callable[[Dashboard], None]:
    def harm(dashboard: Dashboard) -> None:
        variables(dashboard)[name][key] = value

    return harm


def _panel(key: str, value: object) -> Callable[[Dashboard], None]:
    def harm(dashboard: Dashboard) -> None:
        panels(dashboard)[0][key] = value

    return harm


def _expr(expr: str) -> Callable[[Dashboard], None]:
    def harm(dashboard: Dashboard) -> None:
        panels(dashboard)[0]["targets"][0]["expr"] = expr

    return harm


def _unit(dashboard: Dashboard) -> None:
    panels(dashboard)[0]["fieldConfig"]["defaults"]["unit"] = "containers"


def _edited(dashboard: Dashboard) -> None:
    dashboard["editable"] = True


SELECTED = 'threads_polls_total{job=~"$job", instance=~"$instance"}'
HARM: dict[str, list[Callable[[Dashboard], None]]] = {
    "template-datasource-rule": [
        _variable("datasource", "label", "Source"),
        _variable("datasource", "name", "ds"),
    ],
    "template-job-rule": [_variable("job", "multi", value=False)],
    "template-instance-rule": [
        _variable("instance", "allValue", ".*"),
        _variable("instance", "name", "target"),
    ],
    "template-label-promql-rule": [
        _variable("account", "query", {"query": "label_values(1, account)"})
    ],
    "template-on-time-change-reload-rule": [_variable("account", "refresh", 1)],
    "panel-datasource-rule": [_panel("datasource", {"type": "prometheus", "uid": "P1809F7CD"})],
    "panel-title-description-rule": [_panel("title", ""), _panel("description", "")],
    "panel-units-rule": [_unit],
    "panel-no-targets-rule": [_panel("targets", []), _panel("type", "heatmap")],
    "target-promql-rule": [_expr("sum(")],
    "target-rate-interval-rule": [_expr(f"rate({SELECTED}[5m])")],
    "target-job-rule": [
        _expr(SELECTED.replace('job=~"$job", ', "")),
        _expr(f"{SELECTED} / threads_polls_total"),
    ],
    "target-instance-rule": [_expr(SELECTED.replace("=~", "="))],
    "target-counter-agg-rule": [_expr(SELECTED), _expr(f"rate({SELECTED}[1m]) / {SELECTED}")],
    "uneditable-dashboard": [_edited],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_what_offends_it(rule: str) -> None:
    for harm in HARM[rule]:
        dashboard = copy.deepcopy(dashboards()["threads-account"])
        harm(dashboard)

        assert _findings(rule, dashboard) > _excluded(rule, dashboard)
