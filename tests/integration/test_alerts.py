"""Every alert that trouble can really bring about, from the trouble to the notification."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.eventually import eventually
from tests.integration.alertmanager_server import AlertmanagerServer, alertmanager_server
from tests.integration.expiring_listeners import expiring_listeners
from tests.integration.prometheus_server import PrometheusServer, prometheus_server
from tests.integration.troubled_world import troubled_world
from tests.integration.webhook_sink import Alert, WebhookSink, webhook_sink
from tests.standstill import longest_standstill

pytestmark = [pytest.mark.prometheus, pytest.mark.alone]

SHIPPED = Path(__file__).parents[2] / "alerts/threads-exporter.rules.yaml"
SHORTENED = (
    "--for-scale=0.001",
    "--set=container_stuck_seconds=5",
    "--set=quota_stale_seconds=20",
    "--set=token_stale_seconds=20",
    "--set=schedule_lag_seconds=4.5",
)
GROUP_WAIT = "10s"
"""Longer than it takes, by these rules, until what inhibits an alert fires too, and longer than it
takes Prometheus to know its Alertmanager: what is told of later than this, is passed on at once."""

BEARABLE = 1.5
"""For how many seconds the machine may stand still: a scrape is given up after one."""
ATTEMPTS = 3

TIME = r"(\d+h )?(\d+m )?[\d.]+m?s"
ADDRESS = r"127\.0\.0\.1:\d+"
CRITICAL = (
    ("ThreadsQuotaExhausted", "accounts/quota-exhausted", "reply quota of quota-exhausted .* 100%"),
    ("ThreadsTokenExpiring", "accounts/token-ends-today", f"of token-ends-today .* 19h 5{TIME}"),
    ("ThreadsTokenDataAccessExpiring", "accounts/access-ends-today", rf"ends-today .* 19h 5{TIME}"),
    ("ThreadsTokenInvalid", "accounts/token-expired", r"reason: expired\).* cannot be refreshed"),
    ("ThreadsTokenInvalid", "accounts/token-revoked", r"reason: revoked\).* app was removed"),
    ("ThreadsTokenInvalid", "accounts/session-ended", r"reason: session_inv.* security check"),
    ("ThreadsTokenInvalid", "accounts/token-malformed", r"reason: malformed\).* on one line"),
    ("ThreadsTokenInvalid", "accounts/token-checkpointed", r"reason: other\).* debug_token tells"),
    ("ThreadsPollsFailingWidely", "outage", "quota polls of 100% of the accounts"),
    ("ThreadsExporterDown", "ill", r"cannot scrape 127\.0\.0\.1:9,"),
    ("ThreadsExporterAbsent", "gone", 'no target that matches `job="gone"`'),
    ("ThreadsExporterStoreDown", "outage", f"^{ADDRESS} cannot write the store"),
    (
        "ThreadsExporterWebCertificateExpiring",
        "certificate-ends-today",
        f"that {ADDRESS} presents expires in 19h 5{TIME};",
    ),
)
WARNING = (
    ("ThreadsQuotaHigh", "accounts/quota-high", "publish quota of quota-high .* 86%"),
    ("ThreadsQuotaRunningOut", "accounts/quota-running-out", f"publish quota of .* in {TIME} "),
    ("ThreadsTokenExpiring", "accounts/token-ends-in-days", f"token-ends-in-days .* 4d 23h {TIME}"),
    ("ThreadsTokenDataAccessExpiring", "accounts/access-ends-in-days", f"in-days .* 4d 23h {TIME}"),
    ("ThreadsTokenScopeMissing", "accounts/lacks-publish", "publish lacks threads_content_publish"),
    ("ThreadsInspectorTokenInvalid", "ill", "inspector_token_file of ill"),
    ("ThreadsContainersFailing", "accounts/containers-fail", r"of containers-fail .* 66\.6\d*%"),
    ("ThreadsContainersStuck", "accounts/container-stuck", f"container-stuck .* {TIME} ago"),
    ("ThreadsContainersExpired", "accounts/container-expires", "^1 .* of container-expires expire"),
    ("ThreadsPollsFailing", "accounts/polls-fail", "quota polls? of polls-fail fail"),
    ("ThreadsPollsFailing", "accounts/polls-fail", "token polls? of polls-fail fail"),
    ("ThreadsDataStale", "accounts/data-stale", f"quota poll of data-stale .* {TIME} ago"),
    ("ThreadsDataStale", "accounts/data-stale", f"token poll of data-stale .* {TIME} ago"),
    ("ThreadsRateLimited", "accounts/rate-limited", f"restricts rate-limited, .* another {TIME}"),
    ("ThreadsApiUsageHigh", "accounts/usage-high", "^usage-high has spent 90% of the call_count"),
    ("ThreadsCallBudgetNearlySpent", "ill/spender", r"(9[\d.]+|100)% .* for spender in 24 hours"),
    ("ThreadsExporterReloadFailed", "ill", f"^{ADDRESS} goes on"),
    ("ThreadsAccountDiscoveryFailing", "ill", rf"^account_http_sd\[0\] of {ADDRESS} gives"),
    (
        "ThreadsExporterWebCertificateExpiring",
        "certificate-ends-in-days",
        f"that {ADDRESS} presents expires in 4d 23h {TIME};",
    ),
    ("ThreadsExporterScheduleLagging", "outage", f"polls of {ADDRESS} starts {TIME} late"),
    (
        "ThreadsExporterRegistrationsRefused",
        "ill",
        r"^ill refused .* [23] .* containers\.max_tracked",
    ),
)
INFO = (
    ("ThreadsQuotaRefused", "accounts/quota-refused", "publish quota of quota-refused .*unsupport"),
    ("ThreadsTokenScopeMissing", "accounts/lacks-delete", "lacks-delete lacks threads_delete"),
)
NOTICES = {"pager": CRITICAL, "tickets": WARNING, "information": INFO}
"""By whom it is to reach: an alert, the job or account that it is about, and what it says."""

NOT_DRIVEN = {
    "ThreadsExporterWritesFenced": "takes leases that expire again and again",
    "ThreadsAccountsUnpolled": "takes a fault in how shards divide the accounts, and none is known",
    "ThreadsExporterShardMissing": "what it looks back is not shortened with the rest",
    "ThreadsExporterShardsDisagree": "takes several exporters, and says nothing that they do",
    "ThreadsExporterCollectErrors": "tells of a fault in the exporter, and none is known",
    "ThreadsExporterSeriesDropped": "takes more than 10 000 containers, polled one by one",
}
"""What promtool alone tests, and why."""

INHIBITED = (
    ("ThreadsTokenInvalid", "accounts/token-revoked", "ThreadsPollsFailing"),
    ("ThreadsTokenInvalid", "accounts/token-expired", "ThreadsPollsFailing"),
    ("ThreadsTokenScopeMissing", "accounts/lacks-delete", "ThreadsQuotaRefused"),
    ("ThreadsPollsFailingWidely", "outage/hangs-a", "ThreadsPollsFailing"),
    ("ThreadsDataStale", "accounts/data-stale", "ThreadsPollsFailing"),
    ("ThreadsRateLimited", "accounts/rate-limited", "ThreadsPollsFailing"),
    ("ThreadsApiUsageHigh", "accounts/usage-high", "ThreadsDataStale"),
    ("ThreadsCallBudgetNearlySpent", "ill/spender", "ThreadsPollsFailing"),
    ("ThreadsExporterStoreDown", "outage", "ThreadsExporterRegistrationsRefused"),
)
MAY_BE_TOLD = {("ThreadsPollsFailing", "accounts/data-stale")}
"""What is inhibited only later, when a longer time has passed."""

ROWS = [
    pytest.param(receiver, *row, id=f"{row[0]}-{row[1]}-{number}")
    for receiver, rows in NOTICES.items()
    for number, row in enumerate(rows)
]


@dataclass(frozen=True)
class Stack:
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer
    sink: WebhookSink

    def told(self, receiver: str, name: str, about: str, says: str) -> list[Alert]:
        return [
            alert
            for alert in self.sink.firing(alertname=name)
            if alert.receiver == receiver
            and subject(alert.labels) == about
            and re.search(says, alert.annotations["description"])
        ]


def subject(labels: Mapping[str, str]) -> str:
    return "/".join(labels[name] for name in ("job", "account") if name in labels)


def rules(folder: Path, name: str, selector: str) -> Path:
    """Generate the rules as a user with other thresholds does."""
    file = folder / f"{name}.yaml"
    command = [sys.executable, "-m", "alerts", f"--selector={selector}", f"--output={file}"]
    subprocess.run([*command, *SHORTENED], check=True)
    return file


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a stack that told all it has to tell, set up anew if the machine stood still meanwhile.

    By these rules some seconds in which nothing runs are trouble, of which every job is told.
    """
    for attempts_left in reversed(range(ATTEMPTS)):
        folder = tmp_path_factory.mktemp("alerts")
        with longest_standstill() as standstill, running(folder) as stack:
            with suppress(AssertionError):
                wait_until_told(stack)
            if standstill() < BEARABLE or not attempts_left:
                yield stack
                return


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    rule_files = (
        rules(folder, "rules", 'job=~"accounts|ill|outage|well|certificate-.+"'),
        rules(folder, "rules-of-nothing", 'job="gone"'),
    )
    with (
        webhook_sink() as sink,
        alertmanager_server(folder / "alertmanager", sink.url, GROUP_WAIT) as alertmanager,
        troubled_world(folder) as world,
        expiring_listeners(folder) as listeners,
        prometheus_server(
            folder / "prometheus",
            {**world.targets, **listeners},
            rule_files=rule_files,
            alertmanager_url=alertmanager.url,
            access={"tls_config": {"insecure_skip_verify": True}},
        ) as prometheus,
    ):
        wait_for_a_past(prometheus, len(world.targets) + len(listeners))
        world.worsen()
        yield Stack(prometheus, alertmanager, sink)


@pytest.fixture(scope="module")
def settled(stack: Stack) -> Stack:
    """Give the stack once all has been told that is to be told."""
    wait_until_told(stack)
    return stack


def wait_until_told(stack: Stack) -> None:
    rows = [(receiver, *row) for receiver, rows in NOTICES.items() for row in rows]
    eventually(
        lambda: [row for row in rows if not stack.told(*row)], lambda left: not left, within=60
    )


def wait_for_a_past(prometheus: PrometheusServer, exporters: int) -> None:
    """Wait until Prometheus knows from what the world is to become worse."""
    scraped = "count(count_over_time(threads_exporter_shard[1m]) >= 2)"
    recorded = 'count_over_time({__name__=~"account_quota:.+", account="quota-running-out"}[1m])'
    eventually(lambda: prometheus.query(scraped).get(()) == exporters)
    eventually(lambda: max(prometheus.query(recorded).values(), default=0) >= 2)


@pytest.mark.parametrize(("receiver", "name", "about", "says"), ROWS)
def test_trouble_is_told(stack: Stack, receiver: str, name: str, about: str, says: str) -> None:
    (alert,) = eventually(lambda: stack.told(receiver, name, about, says), within=60)

    texts = dict(alert.annotations)
    shipped = [rule["annotations"] for rule in shipped_alerts() if rule["alert"] == name]
    assert texts["summary"] in {annotations["summary"] for annotations in shipped}
    assert texts["runbook_url"].endswith(f"/docs/runbooks/{name}.md")
    assert texts["dashboard_url"].startswith("http://localhost:3000/d/threads-")
    assert [text for text in texts.values() if re.search(r"<no value>|<error|{{|}}", text)] == []


def shipped_alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(SHIPPED.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_every_alert_is_driven_here_or_listed_as_not() -> None:
    names = {row[0] for rows in NOTICES.values() for row in rows}

    assert names | NOT_DRIVEN.keys() == {rule["alert"] for rule in shipped_alerts()}
    assert names.isdisjoint(NOT_DRIVEN)


DEAD = ("token-expired", "token-revoked", "session-ended", "token-malformed", "token-checkpointed")


@pytest.mark.parametrize("account", DEAD)
def test_a_dead_token_is_all_that_is_told_of_its_account(settled: Stack, account: str) -> None:
    told = settled.sink.firing(account=account)

    assert [alert.name for alert in told] == ["ThreadsTokenInvalid"]


def test_nothing_else_is_told(settled: Stack) -> None:
    expected = {row[:2] for rows in NOTICES.values() for row in rows}

    told = {(alert.name, subject(alert.labels)) for alert in settled.sink.firing()}

    assert told - MAY_BE_TOLD == expected


@pytest.mark.parametrize(("cause", "about", "consequence"), INHIBITED)
def test_a_consequence_is_held_back(stack: Stack, cause: str, about: str, consequence: str) -> None:
    def held_back() -> bool:
        return any(
            labels["alertname"] == consequence and subject(labels) == about
            for labels in stack.alertmanager.suppressed()
        )

    eventually(held_back, within=60)


def test_where_all_is_well_nothing_ever_came_close_to_an_alert(settled: Stack) -> None:
    pending_or_firing = 'count by (alertname) (count_over_time(ALERTS{job="well"}[1h]))'

    assert settled.prometheus.query(pending_or_firing) == {}
    assert settled.sink.firing(job="well") == []
