"""Every query parses and asks for what the exporter exposes."""

import re

import promql_parser as pp
import pytest

from dashboards.promql import CHOSEN
from tests.dashboards.expressions import (
    Expression,
    dashboards,
    expressions,
    interpolate,
    panels,
    selected,
    variables,
)
from tests.dashboards.promql import answer_labels, metric_labels, selectors

EXPRESSIONS = [
    pytest.param(expression, id=f"{expression.dashboard}/{expression.panel}/{number}")
    for number, expression in enumerate(expressions())
]
every_query = pytest.mark.parametrize("expression", EXPRESSIONS)
every_dashboard = pytest.mark.parametrize("uid", sorted(dashboards()))


def test_there_are_queries_of_panels_and_of_variables() -> None:
    found = {(expression.dashboard, expression.panel) for expression in expressions()}

    assert ("threads-overview", "Accounts that need a hand") in found
    assert ("threads-account", "$account") in found


@every_query
def test_a_query_names_only_metrics_and_labels_that_are_exposed(expression: Expression) -> None:
    for selector in selectors(expression.expr):
        assert selector.name
        matched = {matcher.name for matcher in selector.matchers.matchers}
        assert matched <= metric_labels(selector.name), selector.name


@every_query
def test_a_query_groups_and_matches_by_labels_that_are_there(expression: Expression) -> None:
    answer_labels(pp.parse(expression.expr))


@every_query
def test_an_answer_is_the_same_whichever_pod_tells_it(expression: Expression) -> None:
    by_instance = "exporter" in expression.dashboard or expression.panel.startswith("$")

    assert by_instance or "instance" not in answer_labels(pp.parse(expression.expr))


@every_dashboard
def test_the_legends_name_labels_of_the_answer(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        for target in panel["targets"]:
            legend = target.get("legendFormat", "")
            there = answer_labels(pp.parse(interpolate(target["expr"])))
            assert set(re.findall(r"{{(\w+)}}", legend)) <= there, panel["title"]


@every_dashboard
def test_several_series_have_a_legend_that_tells_them_apart(uid: str) -> None:
    the_one = {"account"} if uid == "threads-account" else set()

    for panel in panels(dashboards()[uid]):
        for target in panel["targets"] if panel["type"] != "table" else []:
            expr = interpolate(target["expr"])
            several = answer_labels(pp.parse(expr)) - _fixed(expr) - the_one
            assert several <= set(re.findall(r"{{(\w+)}}", target["legendFormat"])), panel["title"]


def _fixed(expr: str) -> set[str]:
    """Return the labels that a selector fixes to one value."""
    matchers = [one for selector in selectors(expr) for one in selector.matchers.matchers]
    return {matcher.name for matcher in matchers if matcher.op == pp.MatchOp.Equal}


@every_dashboard
def test_the_columns_of_a_table_are_named_for_people(uid: str) -> None:
    for panel in panels(dashboards()[uid]):
        if panel["type"] == "table":
            organize = next(
                one["options"] for one in panel["transformations"] if one["id"] == "organize"
            )
            named = set(organize["renameByName"]) | set(organize["excludeByName"])
            assert _fields(panel) <= named, panel["title"]


def _fields(panel: dict[str, object]) -> set[str]:
    fields = {"Time", "Value"}
    targets = panel["targets"]
    assert isinstance(targets, list)
    for target in targets:
        fields |= answer_labels(pp.parse(interpolate(target["expr"])))
        if len(targets) > 1:
            fields.add(f"Value #{target['refId']}")
    return fields


@every_dashboard
def test_each_variable_is_narrowed_by_those_before_it(uid: str) -> None:
    queries = [one for one in variables(dashboards()[uid]).values() if one["type"] == "query"]

    narrowing = [set(re.findall(r"\$(\w+)", selected(one))) for one in queries]

    assert [one["name"] for one in queries] == ["job", "instance", "account"]
    assert narrowing == [set(), {"job"}, {"job", "instance"}]


@pytest.mark.parametrize(
    "expr",
    [
        "sum by (acount) (threads_token_valid)",
        "threads_token_valid * on (quota) threads_token_valid",
        'label_replace(threads_token_valid, "a", "$1", "quota", "(.*)")',
    ],
)
def test_a_label_that_is_not_there_is_noticed(expr: str) -> None:
    with pytest.raises(AssertionError):
        answer_labels(pp.parse(expr))


@pytest.mark.parametrize("name", ["job:threads_acounts:count", "threads_token_valid"])
def test_a_series_that_no_rule_records_is_refused(name: str) -> None:
    with pytest.raises(LookupError, match=f"no rule records {name}"):
        CHOSEN.recorded(name)


def test_a_label_that_a_recorded_series_lacks_is_refused() -> None:
    with pytest.raises(LookupError, match="quota"):
        CHOSEN.recorded("job_poll:threads_polls:rate5m", quota="publish")


def test_an_unknown_variable_is_noticed() -> None:
    with pytest.raises(KeyError, match="acount"):
        interpolate('up{account=~"$acount"}')
