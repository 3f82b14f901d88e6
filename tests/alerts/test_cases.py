"""Each alert, and each of its bands, has a case in which it fires and one in which it does not."""

import re

import pytest

from alerts.rule import Alert
from alerts.table import ALERTS
from tests.alerts.cases import CASES

of_each_alert = pytest.mark.parametrize(
    "alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}"
)


@of_each_alert
def test_an_alert_has_a_case_in_which_it_fires(alert: Alert) -> None:
    assert _firing_labels(alert)


@of_each_alert
def test_an_alert_has_a_case_in_which_it_is_quiet(alert: Alert) -> None:
    looks = [case for case in CASES if case.alert == alert.name]

    assert any(not case.firing or case.has_a_quiet_series for case in looks)


@of_each_alert
def test_a_template_uses_labels_that_the_alert_has(alert: Alert) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", alert.description + alert.dashboard))

    assert all(used <= labels for labels in _firing_labels(alert))


@of_each_alert
def test_an_alert_of_an_account_goes_on_over_a_new_instance(alert: Alert) -> None:
    assert all("instance" not in labels for labels in _firing_labels(alert) if "account" in labels)


def test_every_case_is_of_an_alert_that_there_is() -> None:
    assert {case.alert for case in CASES} <= {alert.name for alert in ALERTS}


def _firing_labels(alert: Alert) -> list[set[str]]:
    return [
        set(labels)
        for case in CASES
        for labels in case.firing
        if (case.alert, labels["severity"]) == (alert.name, alert.severity)
    ]
