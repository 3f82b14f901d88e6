"""Whether scrapes take longer while accounts are polled."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from benchmarks.bench import Bench
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Row, Unit, alternate, at_most
from benchmarks.metering import spent_during
from benchmarks.nginx import authority, nginx
from benchmarks.quantiles import p99

_PAUSE_SECONDS = 0.15


def measure(bench: Bench) -> Iterator[Row]:
    scale = bench.scale
    ca_file = authority(bench) / "ca.pem"
    with nginx(bench) as api, ExitStack() as stack:
        resting, polling = (
            stack.enter_context(
                exporter(
                    Workload(scale.accounts, api.base_url, ca_file, interval),
                    bench.subfolder(f"under-load-{interval:g}"),
                )
            )
            for interval in (0.0, scale.interval)
        )
        resting.wait_until_polled()
        polling.wait_until_polled()
        time.sleep(scale.interval / 2)  # from then on each account is at its own moment
        figures: list[Figures] = []
        spent = spent_during(
            polling, api, lambda: figures.extend(_scrapes(bench, polling, resting))
        )
        loaded, rest = figures
        polling.require_success()
    what = f"of a gzip scrape, {scale.accounts} accounts, {spent.rate:.0f} of them polled a second"
    against = "another exporter with as many accounts, which polls none meanwhile"
    yield Row(
        "scrape-polling-p99",
        f"p99 {what}, wall time",
        Unit.SECONDS,
        Figures((p99(loaded.values),)),
        Figures((p99(rest.values),)),
        against,
        at_most(2),
    )
    yield Row("scrape-polling", f"median {what}, wall time", Unit.SECONDS, loaded, rest, against)


def _scrapes(bench: Bench, polling: Exporter, resting: Exporter) -> Sequence[Figures]:
    return alternate(bench.scale.scrapes, lambda: _scrape(polling), lambda: _scrape(resting))


def _scrape(process: Exporter) -> float:
    time.sleep(_PAUSE_SECONDS)
    return process.address.scrape("gzip").seconds
