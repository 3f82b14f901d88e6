"""What holds for every rule."""

import json
import re
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import promql_parser
import pytest
from promql_parser import Matcher, VectorSelector

from alerts.promql import UnknownMetricError, expand, metric_of
from alerts.rendering import promql
from alerts.rule import Alert, Recording, Severity
from alerts.settings import Settings
from alerts.table import ALERTS, GROUPS, RECORDINGS
from alerts.thresholds import DEFAULT, MINUTE
from tests.promql import problems_of

ROOT = Path(__file__).parents[2]
RULES: tuple[Recording | Alert, ...] = (*RECORDINGS, *ALERTS)

of_each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
of_each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def selectors_of(expression: str) -> list[VectorSelector]:
    found: list[VectorSelector] = []

    def keep(part: promql_parser.Expr) -> None:
        if isinstance(part, VectorSelector):
            found.append(part)

    promql_parser.walk(promql_parser.parse(expression), keep)
    return found


def written(matchers: list[Matcher]) -> set[str]:
    return {str(matcher) for matcher in matchers}


@of_each_rule
def test_a_rule_names_series_and_labels_that_there_are(rule: Recording | Alert) -> None:
    assert problems_of(promql(rule, Settings())) == []


@of_each_rule
def test_all_that_is_not_recorded_is_selected_by_job(rule: Recording | Alert) -> None:
    names = {recording.name for recording in RECORDINGS}

    for selector in selectors_of(promql(rule, Settings(selector='job="blue", env!="test"'))):
        of_job = {'job="blue"', 'env!="test"'} <= written(selector.matchers.matchers)
        assert of_job != (selector.name in names)


@of_each_rule
def test_a_kept_label_is_kept_by_every_aggregation(rule: Recording | Alert) -> None:
    expression = promql(rule, Settings(keep_labels=("cluster", "zone")))

    clauses = re.findall(r"\b(?:by|on|without|ignoring|group_left) *\(([^)]*)\)", expression)

    assert all(clause.startswith("job, cluster, zone") for clause in clauses)


def test_every_rule_is_in_a_group_of_the_exporter() -> None:
    assert {group.name.partition(".")[0] for group in GROUPS} == {"threads-exporter"}
    assert tuple(rule for group in GROUPS for rule in group.rules) == RULES


def test_every_threshold_is_used() -> None:
    used = {name for rule in RULES for name in re.findall(r"\$(\w+)", rule.expr)}

    assert used == asdict(DEFAULT).keys()


@of_each_alert
def test_an_alert_tells_what_when_and_what_to_do(alert: Alert) -> None:
    assert re.fullmatch(r"Threads[A-Za-z]+", alert.name)
    assert re.fullmatch(r"[A-Z][^{}]*\.", alert.summary)
    assert alert.description.endswith((".", "{{ end }}"))
    assert not alert.when.endswith(".")


def test_alerts_of_one_name_have_one_summary_and_differ_in_severity() -> None:
    alerts = defaultdict(list)
    for alert in ALERTS:
        alerts[alert.name].append(alert)

    for same in alerts.values():
        assert len({alert.summary for alert in same}) == 1
        assert len({alert.severity for alert in same}) == len(same)


def test_only_what_is_worth_waking_somebody_is_critical() -> None:
    critical = {alert.name for alert in ALERTS if alert.severity is Severity.CRITICAL}

    assert critical == {
        "ThreadsQuotaExhausted",
        "ThreadsTokenExpiring",
        "ThreadsTokenDataAccessExpiring",
        "ThreadsTokenInvalid",
        "ThreadsPollsFailingWidely",
        "ThreadsExporterDown",
        "ThreadsExporterAbsent",
        "ThreadsExporterStoreDown",
        "ThreadsExporterShardsDisagree",
        "ThreadsExporterShardMissing",
        "ThreadsExporterWebCertificateExpiring",
    }


def test_what_comes_and_goes_or_is_learnt_anew_after_a_restart_is_kept_firing() -> None:
    kept = {alert.name: alert.keep_firing for alert in ALERTS if alert.keep_firing}

    assert kept == {
        "ThreadsQuotaHigh": 15 * MINUTE,
        "ThreadsQuotaExhausted": 15 * MINUTE,
        "ThreadsQuotaRunningOut": 15 * MINUTE,
        "ThreadsTokenExpiring": 5 * MINUTE,
        "ThreadsTokenDataAccessExpiring": 5 * MINUTE,
        "ThreadsTokenInvalid": 5 * MINUTE,
        "ThreadsTokenScopeMissing": 5 * MINUTE,
        "ThreadsInspectorTokenInvalid": 5 * MINUTE,
        "ThreadsRateLimited": 10 * MINUTE,
    }


@of_each_alert
def test_an_alert_leads_to_a_dashboard_that_can_be_set_to_its_account(alert: Alert) -> None:
    link = re.fullmatch(r"/d/([a-z-]+)(?:\?var-(\w+)={{ .* }})?", alert.dashboard)
    assert link is not None
    dashboard = json.loads((ROOT / f"dashboards/{link[1]}.json").read_text("utf-8"))

    assert dashboard["uid"] == link[1]
    assert link[2] in {None, *(item["name"] for item in dashboard["templating"]["list"])}


def test_a_metric_that_the_exporter_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownMetricError, match="has no metric threads_quota_used"):
        expanded("max by (job) (threads_quota_used)")


def test_a_series_that_nothing_records_is_an_error() -> None:
    with pytest.raises(UnknownMetricError, match="no rule records job:threads_quota:ratio"):
        expanded("job:threads_quota:ratio > 1")


def test_a_threshold_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="quota_hihg"):
        expanded("threads_quota_usage > $quota_hihg")


def test_a_selector_may_hold_what_has_a_meaning_elsewhere() -> None:
    assert expanded('threads_token_valid{account="up"} == $one', 'job=~"^up$|threads_up"') == (
        'threads_token_valid{job=~"^up$|threads_up", account="up"} == 1'
    )


@pytest.mark.parametrize(
    ("series", "metric"),
    [
        ("threads_quota_usage", "threads_quota_usage"),
        (
            "threads_api_request_duration_seconds_bucket",
            "threads_api_request_duration_seconds",
        ),
        ("threads_api_request_duration_seconds_sum", "threads_api_request_duration_seconds"),
        ("threads_api_request_duration_seconds", None),
        ("threads_quota_usage_sum", None),
    ],
)
def test_the_metric_of_a_series(series: str, metric: str | None) -> None:
    found = metric_of(series)

    assert (None if found is None else found.name) == metric


def expanded(expression: str, selector: str = 'job="x"') -> str:
    return expand(
        expression, selector=selector, keep_labels=(), thresholds={"one": "1"}, recorded=()
    )
