"""The labels by which Alertmanager compares two alerts are ones that both have."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.cases import CASES

FILE = Path(__file__).parents[2] / "deploy/alertmanager/alertmanager.yml"
RULES = yaml.safe_load(FILE.read_text("utf-8"))["inhibit_rules"]


def alerts_of(matchers: list[str]) -> set[str]:
    """Return the alerts that matchers name, none where they go by other labels alone."""
    named = [matcher for matcher in matchers if matcher.startswith("alertname")]
    return {name for matcher in named for name in matcher.split('"')[1].split("|")}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_both_alerts_have_the_labels_that_are_compared(rule: dict[str, Any]) -> None:
    alerts = alerts_of(rule["source_matchers"]) | alerts_of(rule["target_matchers"])
    firing = [labels for case in CASES if case.alert in alerts for labels in case.firing]

    assert all(set(rule["equal"]) <= labels.keys() for labels in firing)


def test_bands_are_compared_by_what_tells_their_alerts_apart() -> None:
    (bands,) = (rule for rule in RULES if "alertname" in rule["equal"])

    assert bands["equal"] == ["alertname", "job", "account"]
