"""Whether scrapes take longer while accounts are polled."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median

from benchmarks.bench import Bench, Scale
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Row, Unit, alternate, at_most
from benchmarks.metering import spent_during
from benchmarks.nginx import authority, nginx
from benchmarks.quantiles import p99
from benchmarks.writing import count

_PAUSE_SECONDS = 0.1


def measure(bench: Bench) -> Iterator[Row]:
    loaded, rest, rate = _measured(bench)
    what = (
        f"of a gzip scrape's wall time, {count(bench.scale.accounts)} accounts, {rate:.0f} of them"
        f" polled a second"
    )
    against = "another exporter with as many accounts, which polls none meanwhile"
    for name, quantile, of, target in (
        ("scrape-polling-p99", "p99", p99, at_most(2)),
        ("scrape-polling", "median", median, None),
    ):
        ours, theirs = (Figures(tuple(of(one.values) for one in some)) for some in (loaded, rest))
        yield Row(name, f"{quantile} {what}", Unit.SECONDS, ours, theirs, against, target)


def _measured(bench: Bench) -> tuple[Sequence[Figures], Sequence[Figures], float]:
    """Return the scrapes' seconds, beside polls and without, and the polls made a second."""
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
        polling.wait_until_in_phase(scale.interval)
        rounds: list[Sequence[Figures]] = []
        spent = spent_during(polling, api, lambda: rounds.extend(_rounds(scale, polling, resting)))
        polling.require_success()
    loaded, rest = zip(*rounds, strict=True)
    return loaded, rest, spent.rate


def _rounds(scale: Scale, polling: Exporter, resting: Exporter) -> Iterator[Sequence[Figures]]:
    for _ in range(scale.long_repetitions):
        yield alternate(scale.scrapes, lambda: _scrape(polling), lambda: _scrape(resting))


def _scrape(process: Exporter) -> float:
    time.sleep(_PAUSE_SECONDS)
    return process.address.scrape("gzip").seconds
