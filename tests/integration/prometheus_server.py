import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.integration.server_process import server_process
from tests.ports import free_port

PROMETHEUS_3 = Path(__file__).parents[2] / ".tools/prometheus3/usr/bin/prometheus"
"""Where scripts/fetch-prometheus-3 puts it."""


@dataclass(frozen=True)
class Rule:
    name: str
    query: str
    health: str
    last_error: str


@dataclass(frozen=True)
class PrometheusServer:
    url: str

    def query(self, promql: str) -> dict[tuple[str, ...], float]:
        """Return an instant vector's values by those of its labels, in the order of their names."""
        samples = self.evaluate(promql)["result"]
        return {_key(sample["metric"]): float(sample["value"][1]) for sample in samples}

    def evaluate(self, promql: str) -> dict[str, Any]:
        """Return what the API answers: its resultType and result."""
        data: dict[str, Any] = self._get("/api/v1/query", query=promql)
        return data

    def label_values(self, label: str, selector: str) -> list[str]:
        values: list[str] = self._get(f"/api/v1/label/{label}/values", **{"match[]": selector})
        return values

    def described(self) -> set[str]:
        """Return the names of the metrics that targets describe."""
        return set(self._get("/api/v1/metadata"))

    def rules(self) -> tuple[Rule, ...]:
        groups = self._get("/api/v1/rules")["groups"]
        return tuple(
            Rule(rule["name"], rule["query"], rule["health"], rule.get("lastError", ""))
            for group in groups
            for rule in group["rules"]
        )

    @property
    def version(self) -> str:
        version: str = self._get("/api/v1/status/buildinfo")["version"]
        return version

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 — any JSON
        answer = requests.get(f"{self.url}{path}", params=parameters, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["data"]


def _key(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in sorted(labels.keys() - {"__name__", "instance", "job"}))


@contextmanager
def prometheus_server(
    folder: Path,
    jobs: Mapping[str, Collection[str]],
    *,
    rule_files: Collection[Path] = (),
    alertmanager_url: str | None = None,
    access: Mapping[str, object] | None = None,
    binary: str | Path = "prometheus",
) -> Iterator[PrometheusServer]:
    """Run a real Prometheus that scrapes the URLs of each job, and looks at rules, every second.

    `access` is what every job says of certificates and of credentials.
    """
    folder.mkdir()
    config = folder / "prometheus.yml"
    content = _configuration(jobs, rule_files, alertmanager_url, access or {})
    config.write_text(json.dumps(content), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        # It knows no Alertmanager in its first seconds: what fires then is sent with the next lot.
        "--rules.alert.resend-delay=2s",
    ]
    server = PrometheusServer(f"http://{address}")
    with server_process(command, folder / "log", f"{server.url}/-/ready"):
        yield server


def _configuration(
    jobs: Mapping[str, Collection[str]],
    rule_files: Collection[Path],
    alertmanager_url: str | None,
    access: Mapping[str, object],
) -> dict[str, object]:
    alertmanagers = [_targets([alertmanager_url])] if alertmanager_url else []
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file) for file in rule_files],
        "alerting": {"alertmanagers": alertmanagers},
        "scrape_configs": [
            {"job_name": name, **access, **_targets(urls)} for name, urls in jobs.items()
        ],
    }


def _targets(urls: Collection[str]) -> dict[str, object]:
    return {"static_configs": [_target(url) for url in urls]}


def _target(url: str) -> dict[str, object]:
    scheme, _, address = url.partition("://")
    return {"targets": [address], "labels": {"__scheme__": scheme}}
