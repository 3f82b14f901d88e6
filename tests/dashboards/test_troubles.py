"""The rows of who needs a hand, as Prometheus itself makes them of given series."""

import json
import subprocess
from pathlib import Path

import pytest

from alerts.paths import RULES
from tests.dashboards.expressions import expressions

pytestmark = pytest.mark.prometheus
MINUTES = 70
NOW = MINUTES * 60
DAY = 86400

TROUBLES: dict[str, dict[str, str]] = {
    "fine": {
        'threads_account_info{account="fine"}': "1x70",
        'threads_token_valid{account="fine"}': "1x70",
        'threads_poll_success{account="fine",poll="quota"}': "1x70",
        'threads_token_expiry_timestamp_seconds{account="fine"}': f"{NOW + 20 * DAY}x70",
        'threads_quota_usage{account="fine",quota="publish"}': "10x70",
        'threads_quota_limit{account="fine",quota="publish"}': "250x70",
    },
    "revoked": {
        'threads_token_valid{account="revoked"}': "0x70",
        'threads_token_invalid_reason{account="revoked",reason="revoked"}': "1x70",
        'threads_token_expiry_timestamp_seconds{account="revoked"}': "0x70",
        'threads_poll_success{account="revoked",poll="quota"}': "0x70",
        'threads_poll_last_success_timestamp_seconds{account="revoked",poll="quota"}': "0x70",
    },
    "hours": {'threads_token_expiry_timestamp_seconds{account="hours"}': f"{NOW + 72_000}x70"},
    "days": {'threads_token_expiry_timestamp_seconds{account="days"}': f"{NOW + 5 * DAY}x70"},
    "leaving": {
        'threads_token_data_access_expiry_timestamp_seconds{account="leaving"}': (
            f"{NOW + 10 * DAY}x70"
        )
    },
    "full": {
        'threads_quota_usage{account="full",quota="reply"}': "1000x70",
        'threads_quota_limit{account="full",quota="reply"}': "1000x70",
    },
    "rising": {
        'threads_quota_usage{account="rising",quota="publish"}': "100+2x70",
        'threads_quota_limit{account="rising",quota="publish"}': "250x70",
    },
    "nearly": {
        'threads_quota_usage{account="nearly",quota="publish"}': "249.9x70",
        'threads_quota_limit{account="nearly",quota="publish"}': "250x70",
    },
    "unpermitted": {
        'threads_token_scope{account="unpermitted",scope="threads_basic"}': "0x70",
        'threads_token_scope{account="unpermitted",scope="threads_delete"}': "0x70",
        'threads_token_scope{account="unpermitted",scope="threads_manage_replies"}': "1x70",
    },
    "old": {
        'threads_poll_success{account="old",poll="quota"}': "0x70",
        'threads_poll_last_success_timestamp_seconds{account="old",poll="quota"}': "0x70",
        'threads_poll_last_success_timestamp_seconds{account="old",poll="container"}': "0x70",
    },
    "failing": {
        'threads_poll_success{account="failing",poll="quota"}': "0x70",
        'threads_poll_last_success_timestamp_seconds{account="failing",poll="quota"}': (
            f"{NOW - 600}x70"
        ),
    },
    "long ago": {
        'threads_poll_success{account="long ago",poll="container"}': "0x70",
        'threads_polls_total{account="long ago",poll="container"}': "7x70",
        'threads_poll_success{account="long ago",poll="token"}': "1x60 0x9",
    },
    "never": {'threads_poll_success{account="never",poll="token"}': "0x70"},
    "paused": {
        'threads_account_paused_until_timestamp_seconds{account="paused"}': f"{NOW + 90}x70",
        'threads_poll_success{account="paused",poll="quota"}': "0x70",
    },
    "limited": {'threads_api_usage_ratio{account="limited",resource="call_count"}': "0.85x70"},
    "spent": {
        'threads_api_calls_24h{account="spent"}': "950x70",
        'threads_api_call_budget{account="spent"}': "1000x70",
    },
    "broken": {
        'threads_container_outcomes_total{account="broken",outcome="ERROR"}': "0+1x70",
        'threads_container_outcomes_total{account="broken",outcome="PUBLISHED"}': "0+3x70",
        'threads_container_outcomes_total{account="broken",outcome="removed"}': "0+9x70",
    },
    "stuck": {
        'threads_container_oldest_unfinished_timestamp_seconds{account="stuck"}': (
            f"{NOW - 3000}x70"
        )
    },
    "expired": {
        'threads_container_outcomes_total{account="expired",outcome="EXPIRED"}': "0x60 2x9"
    },
}
ROWS = {
    ("critical", "revoked", "token invalid: revoked", ""),
    ("critical", "hours", "token expires", "20 h"),
    ("critical", "full", "quota exhausted: reply", "100 %"),
    ("warning", "days", "token expires", "5 d"),
    ("warning", "leaving", "data access ends", "10 d"),
    ("warning", "rising", "quota runs out: publish", "0.1 h"),
    ("warning", "nearly", "quota nearly full: publish", "99 %"),
    ("warning", "unpermitted", "permission missing: threads_basic", ""),
    ("info", "unpermitted", "permission missing: threads_delete", ""),
    ("warning", "old", "data old: quota", "70 min"),
    ("warning", "failing", "poll fails: quota", "10 min"),
    ("warning", "never", "poll never succeeded: token", ""),
    ("warning", "paused", "paused by a rate limit", "1.5 min"),
    ("warning", "limited", "Meta's rate limit is near: call_count", "85 %"),
    ("warning", "spent", "call budget nearly spent", "95 %"),
    ("warning", "broken", "containers fail", "25 %"),
    ("warning", "stuck", "container unfinished", "50 min"),
    ("warning", "expired", "containers expired unpublished", "2"),
}
SEVERITIES = {"info": 1, "warning": 2, "critical": 3}


def query(dashboard: str, panel: str) -> str:
    (found,) = (
        one.expr for one in expressions() if (one.dashboard, one.panel) == (dashboard, panel)
    )
    return found


def assert_answers(
    folder: Path, series: dict[str, str], expr: str, answer: list[dict[str, object]]
) -> None:
    """Let promtool evaluate a query; two pods tell each gauge, as during an update."""
    inputs = [
        {"series": name.replace("{", f'{{job="threads-exporter",instance="{pod}",'), "values": one}
        for name, one in series.items()
        for pod in (("new",) if "_total{" in name else ("old", "new"))
    ]
    rules = {
        "rule_files": [str(RULES.absolute())],
        "group_eval_order": ["threads-exporter.recording"],
    }
    test = {
        "interval": "1m",
        "input_series": inputs,
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{MINUTES}m", "exp_samples": answer},
        ],
    }
    file = folder / "test.yaml"
    file.write_text(json.dumps({**rules, "evaluation_interval": "1m", "tests": [test]}), "utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def severities(answer: str) -> str:
    return f"floor(max by (account, reason, detail) ({answer}) / 100)"


def row(severity: str, account: str, reason: str, detail: str) -> dict[str, object]:
    named = f'account="{account}", reason="{reason}"' + (f', detail="{detail}"' if detail else "")
    return {"labels": f"{{{named}}}", "value": SEVERITIES[severity]}


def test_each_trouble_is_a_row_and_nothing_else_is(tmp_path: Path) -> None:
    series = {name: one for account in TROUBLES.values() for name, one in account.items()}
    expr = query("threads-overview", "Accounts that need a hand")

    assert_answers(tmp_path, series, severities(expr), [row(*expected) for expected in ROWS])


@pytest.mark.parametrize("account", sorted(TROUBLES))
def test_an_account_has_the_same_rows_on_its_own_dashboard(tmp_path: Path, account: str) -> None:
    expr = query("threads-account", "What is wrong")
    expected = [row(*one) for one in sorted(ROWS) if one[1] == account]

    assert_answers(tmp_path, TROUBLES[account], severities(expr), expected)


@pytest.mark.parametrize(
    ("panel", "severity"), [("In trouble", "critical"), ("At risk", "warning")]
)
def test_an_account_is_counted_once_for_each_severity(
    tmp_path: Path, panel: str, severity: str
) -> None:
    series = {name: one for account in TROUBLES.values() for name, one in account.items()}
    troubled = {account for found, account, _, _ in ROWS if found == severity}

    assert_answers(
        tmp_path,
        series,
        query("threads-overview", panel),
        [{"labels": "{}", "value": len(troubled)}],
    )


def test_nobody_in_trouble_is_zero_and_no_exporter_is_nothing(tmp_path: Path) -> None:
    expr = query("threads-overview", "In trouble")

    assert_answers(tmp_path, TROUBLES["fine"], expr, [{"labels": "{}", "value": 0}])
    assert_answers(tmp_path, {}, expr, [])


def test_an_error_counts_from_its_first_time_on(tmp_path: Path) -> None:
    labels = 'account="acme",error="video_too_long",category="request",action="user-error"'
    info = 'error="video_too_long",category="request",action="user-error",solution="Cut it."'
    series = {
        f"threads_api_errors_total{{{labels}}}": "_x65 1x4",
        f"threads_reported_errors_total{{{labels}}}": "7x60 8x9",
        f"threads_api_error_info{{{info}}}": "1x70",
    }
    expr = query("threads-account", "Errors that Meta answered (top 20)")
    answer = 'action="user-error", error="video_too_long", solution="Cut it."'

    assert_answers(
        tmp_path,
        series,
        f"round({expr})",
        [
            {"labels": f'{{{answer}, source="poll"}}', "value": 1},
            {"labels": f'{{{answer}, source="publisher"}}', "value": 1},
        ],
    )
