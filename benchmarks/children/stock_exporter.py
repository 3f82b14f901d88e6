"""An exporter of stock parts: a job per account, a Session, gauges, prometheus_client's server."""

import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.metrics_core import Metric
from requests.adapters import HTTPAdapter

from benchmarks.children.commands import obey
from benchmarks.children.polled_accounts import PolledAccounts
from exporter.metrics.collector import AccountCollector
from exporter.simulator.state import FIRST_USER_ID

_THREADS = 64
_FIELDS = "quota_usage,config,reply_quota_usage,reply_config"
_BY_QUOTA_POLLS = ("threads_quota_", "threads_poll", "threads_api_calls")


@dataclass(frozen=True, slots=True)
class _Series:
    """A metric and the labels and the value of one of an account's series."""

    name: str
    metric: Gauge | Counter
    labels: dict[str, str]
    value: float

    def update(self, account: str) -> None:
        series = self.metric.labels(**{**self.labels, "account": account})
        if isinstance(series, Gauge):
            series.set(self.value)
        else:
            series.inc()


def _series_of_one_account(registry: CollectorRegistry) -> list[_Series]:
    """Return the series that the exporter has of a polled account."""
    accounts = PolledAccounts(1)
    metrics = list(AccountCollector(accounts.sources, accounts.instruments).collect())
    return [series for metric in metrics for series in _series(metric, registry)]


def _series(metric: Metric, registry: CollectorRegistry) -> Iterable[_Series]:
    kind = Counter if metric.type == "counter" else Gauge
    own = kind(metric.name, metric.documentation, [*metric.samples[0].labels], registry=registry)
    return [_Series(metric.name, own, sample.labels, sample.value) for sample in metric.samples]


class StockExporter:
    def __init__(self, base_url: str, ca_file: Path, accounts: int, interval: float) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.verify = str(ca_file)
        self._session.mount("https://", HTTPAdapter(pool_maxsize=_THREADS))
        self.registry = CollectorRegistry()
        self._series = _series_of_one_account(self.registry)
        self._polled = [one for one in self._series if one.name.startswith(_BY_QUOTA_POLLS)]
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self.polls = 0
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(_THREADS)},
            job_defaults={"misfire_grace_time": None},
        )
        first = datetime.now(UTC) + timedelta(seconds=1)
        for number in range(accounts):
            at = first + timedelta(seconds=number * interval / accounts)
            self._scheduler.add_job(
                self._poll, "interval", [number], seconds=interval, start_date=at
            )
        self._scheduler.start()

    def _poll(self, number: int) -> None:
        url = f"{self._base_url}/{FIRST_USER_ID + number}/threads_publishing_limit"
        headers = {"Authorization": f"Bearer sim-token-{number:06d}"}
        answer = self._session.get(url, params={"fields": _FIELDS}, headers=headers, timeout=10)
        answer.json()["data"][0]["quota_usage"]
        account = f"account-{number:06d}"
        for series in self._polled if account in self._seen else self._series:
            series.update(account)
        self._seen.add(account)
        with self._lock:
            self.polls += 1


def main() -> None:
    base_url, ca_file, accounts, interval = sys.argv[1:]
    exporter = StockExporter(base_url, Path(ca_file), int(accounts), float(interval))
    server, _ = start_http_server(0, "127.0.0.1", exporter.registry)
    obey({"port": lambda: server.server_port, "polls": lambda: exporter.polls})


if __name__ == "__main__":
    main()
