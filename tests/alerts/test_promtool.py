"""Prometheus itself takes the rules, and its unit tests of them pass: in 2.42 and in 3."""

import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import paths
from alerts.rendering import Format, rules_file
from alerts.settings import Settings
from alerts.table import ALERTS, RECORDINGS
from tests.alerts.cases import FILES
from tests.integration.prometheus_server import PROMETHEUS_3

with_each_promtool = pytest.mark.parametrize(
    "promtool",
    [
        pytest.param("promtool", marks=pytest.mark.prometheus),
        pytest.param(str(PROMETHEUS_3.with_name("promtool")), marks=pytest.mark.prometheus3),
    ],
    ids=["installed", "3"],
)


def output_of(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@with_each_promtool
def test_promtool_takes_the_rules_and_has_nothing_to_say(promtool: str) -> None:
    output = output_of(promtool, "check", "rules", "--lint=all", "--lint-fatal", paths.RULES)

    assert f"SUCCESS: {len(ALERTS) + len(RECORDINGS)} rules found" in output


@with_each_promtool
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_unit_tests_of_the_rules_pass(promtool: str, file: Path) -> None:
    assert "SUCCESS" in output_of(promtool, "test", "rules", file)


@with_each_promtool
@pytest.mark.parametrize(
    "settings",
    [
        Settings(selector='job=~"^threads-.*$", env!="test"', keep_labels=("cluster",)),
        Settings(hold_scale=0.001),
        Settings(hold_scale=0),
    ],
    ids=["selected", "short", "at-once"],
)
def test_promtool_takes_rules_of_other_settings(
    promtool: str, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(rules_file(settings, Format.PROMETHEUS), encoding="utf-8")

    output_of(promtool, "check", "rules", "--lint=all", "--lint-fatal", file)


def test_the_operators_resource_has_the_same_groups() -> None:
    resource = yaml.safe_load(paths.PROMETHEUS_RULE.read_text("utf-8"))

    assert resource.pop("spec") == yaml.safe_load(paths.RULES.read_text("utf-8"))
    assert resource == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "threads-exporter",
            "labels": {"prometheus": "k8s", "role": "alert-rules"},
        },
    }
