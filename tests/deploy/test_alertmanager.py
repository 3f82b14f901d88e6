import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.deploy.shipped import DEPLOY, alerts, read

FILE: Final = DEPLOY / "alertmanager/alertmanager.yml"
CONFIG: Final = read("alertmanager/alertmanager.yml")
MATCHER = re.compile(r'(?P<label>\w+) (?P<operator>=~?) "(?P<value>[^"]*)"')
INHIBITED = [
    ("ThreadsTokenInvalid", "ThreadsTokenExpiring", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsTokenDataAccessExpiring", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsTokenScopeMissing", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsQuotaRefused", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsPollsFailing", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsDataStale", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsContainersStuck", {"job", "account"}),
    ("ThreadsTokenInvalid", "ThreadsContainersFailing", {"job", "account"}),
    ("ThreadsTokenScopeMissing", "ThreadsQuotaRefused", {"job", "account"}),
    ("ThreadsTokenScopeMissing", "ThreadsPollsFailing", {"job", "account"}),
    ("ThreadsTokenScopeMissing", "ThreadsDataStale", {"job", "account"}),
    ("ThreadsPollsFailingWidely", "ThreadsPollsFailing", {"job"}),
    ("ThreadsPollsFailingWidely", "ThreadsDataStale", {"job"}),
    ("ThreadsPollsFailingWidely", "ThreadsContainersStuck", {"job"}),
    ("ThreadsPollsFailingWidely", "ThreadsContainersFailing", {"job"}),
    ("ThreadsDataStale", "ThreadsPollsFailing", {"job", "account", "poll"}),
    ("ThreadsRateLimited", "ThreadsPollsFailing", {"job", "account"}),
    ("ThreadsRateLimited", "ThreadsDataStale", {"job", "account"}),
    ("ThreadsRateLimited", "ThreadsContainersStuck", {"job", "account"}),
    ("ThreadsRateLimited", "ThreadsContainersFailing", {"job", "account"}),
    ("ThreadsRateLimited", "ThreadsApiUsageHigh", {"job", "account"}),
    ("ThreadsApiUsageHigh", "ThreadsDataStale", {"job", "account"}),
    ("ThreadsCallBudgetNearlySpent", "ThreadsPollsFailing", {"job", "account"}),
    ("ThreadsCallBudgetNearlySpent", "ThreadsDataStale", {"job", "account"}),
    ("ThreadsQuotaExhausted", "ThreadsQuotaHigh", {"job", "account", "quota"}),
    ("ThreadsQuotaExhausted", "ThreadsQuotaRunningOut", {"job", "account", "quota"}),
    ("ThreadsQuotaRunningOut", "ThreadsQuotaHigh", {"job", "account", "quota"}),
    ("ThreadsExporterStoreDown", "ThreadsExporterRegistrationsRefused", {"job"}),
    ("ThreadsExporterDown", "ThreadsExporterShardMissing", {"job"}),
    ("ThreadsExporterDown", "ThreadsAccountsUnpolled", {"job"}),
    ("ThreadsExporterShardMissing", "ThreadsAccountsUnpolled", {"job"}),
    ("ThreadsExporterShardsDisagree", "ThreadsExporterShardMissing", {"job"}),
    ("ThreadsExporterShardsDisagree", "ThreadsAccountsUnpolled", {"job"}),
]


def matched(matchers: list[str]) -> dict[str, list[str]]:
    """Return the values that matchers ask of each label."""
    found = [MATCHER.fullmatch(matcher) for matcher in matchers]
    return {match["label"]: match["value"].split("|") for match in found if match}


def amtool(*arguments: str) -> str:
    run = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.prometheus
def test_amtool_takes_it() -> None:
    assert "SUCCESS" in amtool("check-config", str(FILE))


@pytest.mark.prometheus
def test_amtool_takes_the_examples_in_it(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_text(re.sub(r"(?m)^( {4})# ( *\S)", r"\1\2", FILE.read_text("utf-8")), "utf-8")
    receivers = yaml.safe_load(config.read_text("utf-8"))["receivers"]
    assert all(receiver["webhook_configs"] for receiver in receivers)
    assert "SUCCESS" in amtool("check-config", str(config))


def test_it_notifies_nobody_until_it_is_told_whom() -> None:
    assert all(receiver.keys() == {"name"} for receiver in CONFIG["receivers"])


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("severity", "receiver"),
    [("critical", "pager"), ("warning", "tickets"), ("info", "information")],
)
def test_the_severity_says_whom_to_notify(severity: str, receiver: str) -> None:
    routed = amtool("config", "routes", "test", f"--config.file={FILE}", f"severity={severity}")
    assert routed == f"{receiver}\n"


def test_critical_alerts_go_out_soonest_and_information_last() -> None:
    critical, information = CONFIG["route"]["routes"]
    assert critical["group_wait"] == "10s"
    assert CONFIG["route"]["group_wait"] == "30s"
    assert information["group_wait"] == "5m"
    assert CONFIG["route"]["group_by"] == ["alertname", "job"]


@pytest.mark.parametrize("rule", CONFIG["inhibit_rules"], ids=str)
def test_an_inhibit_rule_names_alerts_that_exist(rule: dict[str, list[str]]) -> None:
    sources, targets = matched(rule["source_matchers"]), matched(rule["target_matchers"])
    assert len(sources) == len(rule["source_matchers"])
    assert len(targets) == len(rule["target_matchers"])
    existing = {alert["alert"] for alert in alerts()}
    assert {*sources.get("alertname", ()), *targets.get("alertname", ())} <= existing


@pytest.mark.parametrize(("source", "target", "equal"), INHIBITED)
def test_what_follows_from_an_alert_is_not_told_again(
    source: str, target: str, equal: set[str]
) -> None:
    labels = [
        set(rule["equal"])
        for rule in CONFIG["inhibit_rules"]
        if source in matched(rule["source_matchers"]).get("alertname", ())
        and target in matched(rule["target_matchers"]).get("alertname", ())
    ]
    assert labels == [equal]


def test_nothing_else_is_inhibited() -> None:
    inhibited = {
        (source, target)
        for rule in CONFIG["inhibit_rules"]
        for source in matched(rule["source_matchers"]).get("alertname", ())
        for target in matched(rule["target_matchers"]).get("alertname", ())
    }
    assert inhibited == {(source, target) for source, target, _ in INHIBITED}


def test_an_optional_scope_that_is_missed_hides_no_failing_poll() -> None:
    hiding = [
        matched(rule["source_matchers"])
        for rule in CONFIG["inhibit_rules"]
        if "ThreadsPollsFailing" in matched(rule["target_matchers"]).get("alertname", ())
    ]
    assert {"alertname": ["ThreadsTokenScopeMissing"], "scope": ["threads_basic"]} in hiding
    assert {"alertname": ["ThreadsTokenScopeMissing"]} not in hiding


def test_the_worse_band_of_an_alert_hides_the_milder_ones() -> None:
    first = CONFIG["inhibit_rules"][0]
    assert matched(first["source_matchers"]) == {"severity": ["critical"]}
    assert matched(first["target_matchers"]) == {"severity": ["warning", "info"]}
    assert set(first["equal"]) == {"alertname", "job", "account"}
