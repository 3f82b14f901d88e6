import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.eventually import eventually


@dataclass(frozen=True)
class PrometheusServer:
    url: str

    def query(self, promql: str) -> dict[tuple[str, ...], float]:
        """Return an instant vector's values by those of its labels, in the order of their names."""
        samples = self._get("/api/v1/query", query=promql).json()["data"]["result"]
        return {_key(sample["metric"]): float(sample["value"][1]) for sample in samples}

    def described(self) -> set[str]:
        """Return the names of the metrics that targets describe."""
        return set(self._get("/api/v1/metadata").json()["data"])

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def _get(self, path: str, **parameters: str) -> requests.Response:
        answer = requests.get(f"{self.url}{path}", params=parameters, timeout=10)
        assert answer.ok, answer.text
        return answer


def _key(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in sorted(labels.keys() - {"__name__", "instance", "job"}))


@contextmanager
def prometheus_server(folder: Path, target_url: str) -> Iterator[PrometheusServer]:
    """Run a real Prometheus that scrapes one target every second."""
    folder.mkdir()
    config = folder / "prometheus.yml"
    target = target_url.removeprefix("http://")
    job = {"job_name": "threads", "static_configs": [{"targets": [target]}]}
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}))
    address = f"127.0.0.1:{_free_port()}"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        with process:
            try:
                server = PrometheusServer(f"http://{address}")
                eventually(server.is_ready)
                yield server
            finally:
                process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
