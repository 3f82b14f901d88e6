"""Every exported metric is looked at: by a panel, by an alert, or for a reason not."""

from pathlib import Path

import yaml

from exporter.metrics.catalogue import METRICS
from tests.dashboards.expressions import expressions
from tests.dashboards.promql import selectors

RULES = Path(__file__).parents[2] / "alerts" / "threads-exporter.rules.yaml"
NOT_SHOWN = {
    "threads_container_status": "it is off unless containers.per_container_metrics is set, to look"
    " for one container by hand",
}


def test_every_metric_is_in_a_panel_or_an_alert_or_has_a_reason_not_to_be() -> None:
    assert set(METRICS) - _shown() - _alerted() == set(NOT_SHOWN)


def test_the_dashboards_alone_leave_out_no_more() -> None:
    assert set(METRICS) - _shown() == set(NOT_SHOWN)


def _shown() -> set[str]:
    panels = [one.expr for one in expressions() if not one.panel.startswith("$")]
    return _names(panels)


def _alerted() -> set[str]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return _names([rule["expr"] for group in groups for rule in group["rules"]])


def _names(queries: list[str]) -> set[str]:
    names = {selector.name or "" for query in queries for selector in selectors(query)}
    return {_family(name) for name in names}


def _family(name: str) -> str:
    for suffix in ("_bucket", "_count", "_sum"):
        if name.removesuffix(suffix) in METRICS:
            return name.removesuffix(suffix)
    return name
