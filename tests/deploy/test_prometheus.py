import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.shipped import DEMO_RULES, DEPLOY, ROOT, RULES, alerts, read

CONFIG = read("prometheus/prometheus.yml")


@pytest.mark.prometheus
@pytest.mark.parametrize("rules", [RULES, DEMO_RULES], ids=["real", "demo"])
def test_promtool_takes_it_with_its_rules(tmp_path: Path, rules: Path) -> None:
    config = Path(shutil.copy(DEPLOY / "prometheus/prometheus.yml", tmp_path))
    (tmp_path / "rules").mkdir()
    shutil.copy(rules, tmp_path / "rules")
    checked = subprocess.run(
        ["promtool", "check", "config", str(config)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "1 rule files found" in checked.stdout


def test_the_job_is_the_one_that_the_rules_select() -> None:
    (job,) = CONFIG["scrape_configs"]
    assert set(re.findall(r'\bjob=~?"([^"]*)"', RULES.read_text("utf-8"))) == {job["job_name"]}


def test_it_scrapes_often_enough_for_polls_of_a_minute() -> None:
    assert CONFIG["global"]["scrape_interval"] == "15s"


def test_grafana_knows_the_scrape_interval() -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["jsonData"]["timeInterval"] == CONFIG["global"]["scrape_interval"]


def test_the_data_source_has_the_uid_that_others_build_on() -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert (source["uid"], source["type"], source["isDefault"]) == (
        "prometheus",
        "prometheus",
        True,
    )


def test_the_dashboards_cannot_be_changed_in_grafana() -> None:
    (provider,) = read("grafana/provisioning/dashboards/threads.yaml")["providers"]
    assert (provider["disableDeletion"], provider["allowUiUpdates"]) == (True, False)


def test_the_demos_rules_are_those_of_the_generator() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "alerts", "--check", "--for-scale=0.02", f"--output={DEMO_RULES}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_demos_alerts_are_the_real_ones() -> None:
    assert [alert["alert"] for alert in alerts(DEMO_RULES)] == [
        alert["alert"] for alert in alerts(RULES)
    ]
