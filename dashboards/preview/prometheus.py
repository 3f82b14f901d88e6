"""A real Prometheus with the exporter's alerts, as fast as the demo."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from alerts.rendering import Format, rules_file
from alerts.settings import Settings
from dashboards.preview.processes import free_port, server

SCRAPE_INTERVAL = "5s"

_HOLD_SCALE = 0.02


def write_rules(path: Path) -> None:
    """Write the rules with holds so short that alerts fire while one waits."""
    path.write_text(rules_file(Settings(hold_scale=_HOLD_SCALE), Format.PROMETHEUS), "utf-8")


@contextmanager
def prometheus(binary: str, directory: Path, rules: Path, target: str | None) -> Iterator[str]:
    """Run a Prometheus that scrapes the target, a host and port; give its URL."""
    config = directory / "prometheus.yml"
    config.write_text(json.dumps(_configuration(rules, target)), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary,
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        f"--web.listen-address={address}",
    ]
    url = f"http://{address}"
    with server(command, directory / "prometheus.log") as running:
        running.await_start(lambda: _ready(url))
        yield url


def _configuration(rules: Path, target: str | None) -> dict[str, object]:
    targets = [] if target is None else [target]
    return {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "evaluation_interval": SCRAPE_INTERVAL},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "threads-exporter", "static_configs": [{"targets": targets}]}
        ],
    }


def _ready(url: str) -> bool | None:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok or None
    except requests.ConnectionError:
        return None
