import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.integration.server_process import free_port, server_process

SHIPPED = Path(__file__).parents[2] / "deploy/alertmanager/alertmanager.yml"


@dataclass(frozen=True)
class AlertmanagerServer:
    url: str

    def suppressed(self) -> list[Mapping[str, str]]:
        """Return the labels of the alerts that others inhibit now."""
        answer = requests.get(f"{self.url}/api/v2/alerts", timeout=10)
        return [alert["labels"] for alert in answer.json() if alert["status"]["inhibitedBy"]]


@contextmanager
def alertmanager_server(
    folder: Path, webhook_url: str, group_wait: str
) -> Iterator[AlertmanagerServer]:
    """Run a real Alertmanager by the shipped configuration, but for its times and receivers."""
    folder.mkdir()
    config = folder / "alertmanager.yml"
    shipped = yaml.safe_load(SHIPPED.read_text("utf-8"))
    config.write_text(json.dumps(_adapted(shipped, webhook_url, group_wait)), "utf-8")
    server = AlertmanagerServer(f"http://127.0.0.1:{free_port()}")
    command = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={server.url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with server_process(command, folder / "log", f"{server.url}/-/ready"):
        yield server


def _adapted(shipped: Mapping[str, Any], webhook_url: str, group_wait: str) -> dict[str, Any]:
    receivers = [
        {"name": name, "webhook_configs": [{"url": f"{webhook_url}/{name}"}]}
        for name in (receiver["name"] for receiver in shipped["receivers"])
    ]
    return {**shipped, "route": _hastened(shipped["route"], group_wait), "receivers": receivers}


def _hastened(route: Mapping[str, Any], group_wait: str) -> dict[str, Any]:
    below = [_hastened(child, group_wait) for child in route.get("routes", [])]
    return {**route, "group_wait": group_wait, "group_interval": "1s", "routes": below}
