import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.domain import (
    ContainerStatus,
    FailureReason,
    LeaseStatus,
    Poll,
    Quota,
    QuotaKind,
    SourceStatus,
    TokenInvalidReason,
    UsageResource,
)
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.exposition import Expositions
from exporter.metrics.page import SECTIONS
from exporter.metrics.probe import Probe
from exporter.metrics.registry import exporter_registry
from exporter.metrics.scopes import NEEDED_SCOPES
from exporter.observations.model import (
    AccountObservation,
    ContainerSummary,
    PollRecord,
    QuotaReading,
    TokenReading,
    UsageReading,
)
from tests.metrics.scrapes import REVOKED, Exporter, identity

DESCS = [desc for _, section in SECTIONS for desc in section]


def full_exporter() -> Exporter:
    """Return an exporter of which every metric has a sample."""
    exporter = Exporter()
    exporter.state = replace(
        exporter.state,
        inspector_token_valid=True,
        store_up=True,
        lease=LeaseStatus(epoch=7, renewed_at=1_790_000_000.0, accounts=3),
        account_sources=(SourceStatus(1, 1_790_000_000.0, 2),),
        web_certificate_expires_at=1_800_000_000.0,
        heartbeats={"upkeep": 1_790_000_000.0},
    )
    exporter.accounts = {
        "acme": AccountObservation(
            identity(),
            quota_reading=QuotaReading(
                {QuotaKind.PUBLISH: Quota(1, 250, 86400)}, exporter.clock.monotonic()
            ),
            refused_quotas={QuotaKind.DELETE: FailureReason.PERMISSION},
            token=TokenReading(
                valid=False,
                invalid_reason=TokenInvalidReason.EXPIRED,
                expires_at=1_790_000_000,
                data_access_expires_at=1_790_000_000,
                issued_at=1_780_000_000,
                scopes=NEEDED_SCOPES,
            ),
            polls={
                Poll.QUOTA: PollRecord(
                    succeeded=True,
                    total=2,
                    failures={FailureReason.DNS: 1},
                    last_success_at=1_790_000_000,
                )
            },
            errors={REVOKED: 1},
            reported_errors={REVOKED: 1},
            usage_reading=UsageReading({UsageResource.CALL_COUNT: 0.5}, exporter.clock.monotonic()),
            containers=ContainerSummary(
                oldest_unfinished_at=1_790_000_000, statuses={"178": ContainerStatus.PENDING}
            ),
            paused_until=exporter.clock.wall() + 60,
        )
    }
    return exporter


def full_exposition() -> bytes:
    exporter = full_exporter()
    registry = exporter_registry(exporter.sources, exporter.instruments)
    registry.register(Probe(success=True, duration_seconds=1))
    lines = AccountLines(exporter.sources, exporter.instruments)
    return Expositions(lines, registry).expose(None, None).body


def test_every_documented_metric_is_exposed() -> None:
    types = {line for line in full_exposition().decode().split("\n") if line.startswith("# TYPE")}

    assert {line for line in types if " threads_" in line or " probe_" in line} == {
        f"# TYPE {desc.name} {desc.type}" for desc in DESCS
    }


@pytest.mark.prometheus
def test_promtool_finds_nothing_to_say() -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=full_exposition(), capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.prometheus
def test_every_example_query_is_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"example:{desc.name}", "expr": desc.promql} for desc in DESCS if desc.promql
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "examples", "rules": rules}]}))

    checked = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
