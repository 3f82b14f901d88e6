"""Where a dashboard's colours change and its reasons begin is where the alerts do."""

from typing import Any

import pytest

from alerts.thresholds import DEFAULT
from tests.dashboards.expressions import dashboards, panels

Steps = list[tuple[float | None, str]]
EXPIRY: Steps = [
    (None, "red"),
    (DEFAULT.token_expiry_critical_seconds, "orange"),
    (DEFAULT.token_expiry_warning_seconds, "green"),
]
DATA_ACCESS: Steps = [
    (None, "red"),
    (DEFAULT.data_access_expiry_critical_seconds, "orange"),
    (DEFAULT.data_access_expiry_warning_seconds, "green"),
]
QUOTA: Steps = [(None, "green"), (DEFAULT.quota_high, "orange"), (1, "red")]
FAILED: Steps = [(None, "green"), (DEFAULT.container_failure_share, "orange")]
STUCK: Steps = [(None, "green"), (DEFAULT.container_stuck_seconds, "orange")]
TREND: Steps = [(None, "orange"), (DEFAULT.quota_trend_seconds, "green")]


def _panel(uid: str, title: str) -> dict[str, Any]:
    (found,) = (one for one in panels(dashboards()[uid]) if one["title"] == title)
    return found


def _steps(thresholds: dict[str, Any]) -> Steps:
    return [(step["value"], step["color"]) for step in thresholds["steps"]]


@pytest.mark.parametrize(
    ("uid", "title", "steps"),
    [
        ("threads-overview", "Failed (1 h)", FAILED),
        ("threads-account", "Expires in", EXPIRY),
        ("threads-account", "Data access ends in", DATA_ACCESS),
        ("threads-account", "Fullest quota", QUOTA),
        ("threads-account", "Runs out in", TREND),
        ("threads-account", "Failed (1 h)", FAILED),
        (
            "threads-account",
            "Quota data age",
            [(None, "green"), (DEFAULT.quota_stale_seconds, "orange")],
        ),
        ("threads-containers", "Failed (1 h)", FAILED),
        ("threads-containers", "Oldest unfinished", STUCK),
        (
            "threads-exporter",
            "Schedule lag, p99",
            [(None, "green"), (DEFAULT.schedule_lag_seconds, "orange")],
        ),
    ],
)
def test_a_stat_changes_its_colour_where_the_alert_begins(
    uid: str, title: str, steps: Steps
) -> None:
    assert _steps(_panel(uid, title)["fieldConfig"]["defaults"]["thresholds"]) == steps


@pytest.mark.parametrize(
    ("uid", "title", "column", "steps"),
    [
        ("threads-overview", "Fullest quotas (top 20)", "Used", QUOTA),
        ("threads-overview", "Fullest quotas (top 20)", "Runs out in", TREND),
        ("threads-overview", "Tokens that expire next (20)", "Expires in", EXPIRY),
        ("threads-overview", "Tokens that expire next (20)", "Data access ends in", DATA_ACCESS),
        ("threads-overview", "Accounts whose containers fail (top 20, 1 h)", "Failed", FAILED),
        ("threads-account", "Quotas", "Used", QUOTA),
        ("threads-containers", "Oldest unfinished containers (top 20)", "Oldest", STUCK),
        (
            "threads-exporter",
            "Call budgets (top 20)",
            "Spent",
            [(None, "green"), (DEFAULT.call_budget_high, "orange")],
        ),
        (
            "threads-exporter",
            "Meta's own rate limit (top 20)",
            "Spent",
            [(None, "green"), (DEFAULT.api_usage_high, "orange")],
        ),
    ],
)
def test_a_column_changes_its_colour_where_the_alert_begins(
    uid: str, title: str, column: str, steps: Steps
) -> None:
    (override,) = (
        one
        for one in _panel(uid, title)["fieldConfig"]["overrides"]
        if one["matcher"]["options"] == column
    )
    properties = {one["id"]: one.get("value") for one in override["properties"]}

    assert _steps(properties["thresholds"]) == steps


@pytest.mark.parametrize(
    ("uid", "title", "start"),
    [
        ("threads-account", "Meta's own rate limit", DEFAULT.api_usage_high),
        (
            "threads-account",
            "Age of the oldest unfinished container",
            DEFAULT.container_stuck_seconds,
        ),
        (
            "threads-containers",
            "Share of containers that failed",
            DEFAULT.container_failure_share,
        ),
        ("threads-exporter", "Schedule lag by poll, p99", DEFAULT.schedule_lag_seconds),
    ],
)
def test_a_graph_has_a_line_where_the_alert_begins(uid: str, title: str, start: float) -> None:
    defaults = _panel(uid, title)["fieldConfig"]["defaults"]

    assert _steps(defaults["thresholds"]) == [(None, "transparent"), (start, "red")]
    assert defaults["custom"]["thresholdsStyle"]["mode"] == "dashed"
