"""How the cost of an account grows with their number."""

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit, at_most
from benchmarks.metering import spent_during
from benchmarks.nginx import authority, nginx

_SCRAPES = 2
_MOST_GROWTH = 1.2
_FEWEST_MADE = 0.95


def measure(bench: Bench) -> Iterator[Row]:
    scale = bench.scale
    ca_file = authority(bench) / "ca.pem"
    cheapest: Figures | None = None
    with nginx(bench) as api:
        for accounts in scale.growth:
            workload = Workload(accounts, api.base_url, ca_file, scale.interval)
            with exporter(workload, bench.subfolder(f"growth-{accounts}")) as process:
                process.wait_until_polled()
                time.sleep(scale.interval / 2)  # from then on each account is at its own moment
                scrape = partial(_scrape, process, scale.growth_window)
                spent = spent_during(process, api, scrape)
                process.require_success()
            made = spent.rate * scale.interval / accounts
            own = Figures((spent.cpu_per_call,))
            yield Row(
                f"growth-{accounts}",
                f"CPU of an account for one poll and its share of the scrapes, {accounts} accounts"
                f" every {scale.interval:g} s, a gzip scrape every"
                f" {scale.growth_window / _SCRAPES:g} s",
                Unit.SECONDS,
                own,
                cheapest,
                "the cheapest of the smaller numbers of accounts" if cheapest else "",
                at_most(_MOST_GROWTH) if cheapest else None,
            )
            yield Row(
                f"growth-{accounts}-made",
                f"how many of the polls due were made meanwhile, {accounts} accounts: where some"
                " were not, the exporter is at its limit",
                Unit.SHARE,
                Figures((made,)),
                target=Target(Judged.VALUE, _FEWEST_MADE, at_least=True),
            )
            cheapest = min(cheapest or own, own, key=lambda figures: figures.median)


def _scrape(process: Exporter, seconds: float) -> None:
    for _ in range(_SCRAPES):
        process.address.scrape("gzip")
        time.sleep(seconds / _SCRAPES)
