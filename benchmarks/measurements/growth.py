"""How the cost grows with the number of accounts.

They are polled at the same rate, the more the less often each, for one process to keep up with any
number: what differs is the accounts alone.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bench import Bench, Scale
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Row, Unit, at_most
from benchmarks.metering import Spent, spent_during
from benchmarks.nginx import Nginx, authority, nginx
from benchmarks.writing import count

_MOST_GROWTH = 1.2
_FEWEST_MADE = 0.9


@dataclass(frozen=True, slots=True)
class _Seen:
    """What so many accounts cost; times in seconds."""

    accounts: int
    ready: float
    cpu_per_poll: Figures
    scrape: Figures
    resident_bytes: int


def measure(bench: Bench) -> Iterator[Row]:
    cheapest: Figures | None = None
    with nginx(bench) as api:
        for accounts in bench.scale.growth:
            seen = _seen(bench, api, accounts)
            yield _cpu_row(bench.scale, seen, cheapest)
            yield from _other_rows(seen)
            own = seen.cpu_per_poll
            cheapest = min(cheapest or own, own, key=lambda figures: figures.median)


def _seen(bench: Bench, api: Nginx, accounts: int) -> _Seen:
    interval = accounts / bench.scale.growth_rate
    workload = Workload(accounts, api.base_url, authority(bench) / "ca.pem", interval)
    with exporter(workload, bench.subfolder(f"growth-{accounts}")) as process:
        process.wait_until_polled()
        ready = time.monotonic() - process.started
        process.wait_until_in_phase(interval)
        scrapes: list[float] = []
        spent = [
            spent_during(process, api, lambda: scrapes.append(_scrape(bench.scale, process)))
            for _ in range(bench.scale.long_repetitions)
        ]
        process.require_success()
        _require_rate(spent, bench.scale.growth_rate)
        costs = Figures(tuple(one.cpu_per_call for one in spent))
        return _Seen(accounts, ready, costs, Figures(tuple(scrapes)), process.resident_bytes)


def _scrape(scale: Scale, process: Exporter) -> float:
    """Return how long a scrape took that came after half of the window."""
    time.sleep(scale.growth_window / 2)
    seconds = process.address.scrape("gzip").seconds
    time.sleep(scale.growth_window / 2)
    return seconds


def _require_rate(spent: list[Spent], due: float) -> None:
    """Raise RuntimeError where polls due were not made: the figures would be of fewer accounts."""
    rate = sum(one.calls for one in spent) / sum(one.seconds for one in spent)
    if rate < _FEWEST_MADE * due:
        raise RuntimeError(
            f"{rate:.0f} polls a second were made of {due:.0f}: use a quieter machine"
        )


def _cpu_row(scale: Scale, seen: _Seen, cheapest: Figures | None) -> Row:
    return Row(
        f"growth-{seen.accounts}",
        f"CPU of a poll with its share of the scrapes, {count(seen.accounts)} accounts, polled"
        f" {scale.growth_rate:.0f} a second, scraped every {scale.growth_window:g} s",
        Unit.SECONDS,
        seen.cpu_per_poll,
        cheapest,
        "the cheapest of fewer accounts" if cheapest else "",
        at_most(_MOST_GROWTH) if cheapest else None,
    )


def _other_rows(seen: _Seen) -> Iterator[Row]:
    name, many = f"growth-{seen.accounts}", f"{count(seen.accounts)} accounts"
    resident = Figures((float(seen.resident_bytes),))
    yield Row(f"{name}-scrape", f"wall time of a gzip scrape, {many}", Unit.SECONDS, seen.scrape)
    yield Row(f"{name}-memory", f"memory of the process, {many}", Unit.BYTES, resident)
    yield Row(
        f"{name}-ready",
        f"from the start until each was polled once, {many}",
        Unit.SECONDS,
        Figures((seen.ready,)),
    )
