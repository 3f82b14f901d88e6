"""All at once, beside an exporter of stock parts; then how late polls start."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks.bench import Bench
from benchmarks.call_rate import calls_per_second
from benchmarks.client import Address
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit, at_most
from benchmarks.lateness import lateness
from benchmarks.nginx import authority
from benchmarks.processes import Child, Process, child
from benchmarks.quantiles import p99
from benchmarks.waiting import wait_until
from benchmarks.writing import count

_ANSWER_SECONDS = 0.1
_SLOW_ANSWER_SECONDS = 0.15
_SCRAPES = 4
_LOOK_SECONDS = 3.0
_NO_BACKLOG = 1.1
"""How many polls are made for each that is due, at most, where none is late."""
_STOCK = "the stock exporter"


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a process cost in a time of being polled and scraped."""

    cores: Figures
    scrapes: Figures
    resident_bytes: int


def measure(bench: Bench) -> Iterator[Row]:
    folder, scale = authority(bench), bench.scale
    with child("delayed_api", folder) as api, child("delayed_api", folder) as stock_api:
        stock_api.ask("delay", _ANSWER_SECONDS)
        workload = Workload(scale.accounts, _url(api), folder / "ca.pem", scale.interval)
        arguments = (_url(stock_api), folder / "ca.pem", scale.accounts, scale.interval)
        with exporter(workload, bench.subfolder("together")) as own:
            with child("stock_exporter", *arguments) as stock:
                yield from _beside(bench, own, api, stock, stock_api)
            yield _lag(bench, own, api)


def _url(api: Child) -> str:
    return f"https://127.0.0.1:{api.ask('port')}/v1.0"


def _beside(
    bench: Bench, own: Exporter, api: Child, stock: Child, stock_api: Child
) -> Iterator[Row]:
    scale = bench.scale
    own.wait_until_polled()
    api.ask("delay", _ANSWER_SECONDS)
    wait_until(
        lambda: bool(stock.ask("polls") >= scale.accounts),
        "the stock exporter has polled all accounts",
        within=10 * scale.interval,
    )
    own.wait_until_in_phase(scale.interval)
    wait_until(
        lambda: calls_per_second(api, _LOOK_SECONDS) <= _NO_BACKLOG * scale.polls_per_second,
        "the exporter has made the first polls that were late",
        within=10 * scale.interval,
    )
    before = time.monotonic(), api.ask("asked"), stock_api.ask("asked")
    addresses = own.address, Address(stock.ask("port"))
    with ThreadPoolExecutor() as pool:
        ours, theirs = pool.map(partial(_cost, scale.window), (own, stock), addresses)
    after = time.monotonic(), api.ask("asked"), stock_api.ask("asked")
    own.require_success()
    took, made, made_by_stock = (
        later - sooner for sooner, later in zip(before, after, strict=True)
    )
    yield from _rows(bench, ours, theirs)
    yield Row(
        "together-polls",
        f"polls made a second in that time, of the {scale.polls_per_second:.0f} that were due",
        Unit.PER_SECOND,
        Figures((made / took,)),
        Figures((made_by_stock / took,)),
        _STOCK,
    )


def _cost(seconds: float, process: Process, address: Address) -> _Cost:
    quarters = [_quarter(process, address, seconds / _SCRAPES) for _ in range(_SCRAPES)]
    cores, scrapes = map(Figures, zip(*quarters, strict=True))
    return _Cost(cores, scrapes, process.resident_bytes)


def _quarter(process: Process, address: Address, seconds: float) -> tuple[float, float]:
    """Return the cores used, and how long the scrape took."""
    started, cpu = time.monotonic(), process.cpu_seconds
    scraped = address.scrape("gzip").seconds
    time.sleep(max(started + seconds - time.monotonic(), 0))
    return (process.cpu_seconds - cpu) / (time.monotonic() - started), scraped


def _rows(bench: Bench, ours: _Cost, theirs: _Cost) -> Iterator[Row]:
    scale = bench.scale
    what = (
        f"all at once, {count(scale.accounts)} accounts, {scale.polls_per_second:.0f} polls a"
        f" second over HTTPS, answers after {_ANSWER_SECONDS * 1e3:.0f} ms, a gzip scrape every"
        f" {scale.window / _SCRAPES:g} s"
    )
    parts: Sequence[tuple[str, str, Unit, Callable[[_Cost], Figures], float]] = (
        ("cpu", "CPU", Unit.CORES, lambda cost: cost.cores, 1 / 3),
        ("scrape", "a scrape's wall time", Unit.SECONDS, lambda cost: cost.scrapes, 1 / 100),
        ("memory", "memory", Unit.BYTES, lambda cost: Figures((cost.resident_bytes,)), 1 / 2),
    )
    for name, part, unit, figures, bound in parts:
        yield Row(
            f"together-{name}",
            f"{part}, {what}",
            unit,
            figures(ours),
            figures(theirs),
            _STOCK,
            at_most(bound),
        )


def _lag(bench: Bench, own: Exporter, api: Child) -> Row:
    scale = bench.scale
    api.ask("delay", _SLOW_ANSWER_SECONDS)
    late = lateness(own, api, scale.interval, scale.window / 2)
    return Row(
        "schedule-lag",
        f"how late the 99th of 100 polls is, {scale.polls_per_second:.0f} a second, answers after"
        f" {_SLOW_ANSWER_SECONDS * 1e3:.0f} ms: from its moment to the request's arrival at Meta",
        Unit.SECONDS,
        Figures((p99(late),)),
        target=Target(Judged.VALUE, 0.1),
    )
