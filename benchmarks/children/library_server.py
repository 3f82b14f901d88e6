"""prometheus_client's own server with the same series.

Its collector gives metrics that were made beforehand: less work is not to be had of the library,
gauges and counters cost it more.
"""

import sys
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from benchmarks.children.commands import obey
from benchmarks.children.polled_accounts import PolledAccounts
from exporter.metrics.collector import AccountCollector


class _Made(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def main() -> None:
    accounts = PolledAccounts(int(sys.argv[1]))
    metrics = list(AccountCollector(accounts.sources, accounts.instruments).collect())
    registry = CollectorRegistry()
    registry.register(_Made(metrics))
    server, _ = start_http_server(0, "127.0.0.1", registry)
    obey(
        {
            "port": lambda: server.server_port,
            "series": lambda: sum(len(metric.samples) for metric in metrics),
            "render": lambda: _cpu_seconds(lambda: generate_latest(registry)),
        }
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main()
