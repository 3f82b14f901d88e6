"""All at once, beside an exporter of stock parts; then how late polls start."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.client import Address
from benchmarks.exporter import Exporter, Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit, at_most
from benchmarks.nginx import authority
from benchmarks.processes import Child, Process, child
from benchmarks.quantiles import histogram_p99, p99
from benchmarks.waiting import wait_until
from exporter.domain import Poll
from exporter.scheduling.plan import phase_of
from exporter.simulator.state import FIRST_USER_ID

_ANSWER_SECONDS = 0.1
_SLOW_ANSWER_SECONDS = 0.15
_SCRAPES = 4
_LAG_BUCKET = re.compile(r'threads_exporter_schedule_lag_seconds_bucket\{le="(.+)",poll="quota"\}')
_STOCK = (
    "APScheduler with a job per account and 64 threads, Session.get, gauges by labels().set(),"
    " start_http_server; the same series"
)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a process cost in a time of being polled and scraped."""

    cores: float
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
            yield from _lags(bench, own, api)


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
    time.sleep(scale.interval / 2)  # the exporter's accounts are at their own moments from now on
    before = time.monotonic(), api.ask("asked"), stock_api.ask("asked")
    address = Address(stock.ask("port"))
    with ThreadPoolExecutor() as pool:
        costs = pool.map(
            lambda one: _cost(one[0], one[1], scale.window), ((own, own.address), (stock, address))
        )
        ours, theirs = costs
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


def _cost(process: Process, address: Address, seconds: float) -> _Cost:
    started, cpu = time.monotonic(), process.cpu_seconds
    scrapes = []
    for number in range(_SCRAPES):
        time.sleep(max(started + number * seconds / _SCRAPES - time.monotonic(), 0))
        scrapes.append(address.scrape("gzip").seconds)
    time.sleep(max(started + seconds - time.monotonic(), 0))
    cores = (process.cpu_seconds - cpu) / (time.monotonic() - started)
    return _Cost(cores, Figures(tuple(scrapes)), process.resident_bytes)


def _rows(bench: Bench, ours: _Cost, theirs: _Cost) -> Iterator[Row]:
    scale = bench.scale
    what = (
        f"{scale.polls_per_second:.0f} polls a second of {scale.accounts} accounts over HTTPS,"
        f" answers after {_ANSWER_SECONDS * 1e3:.0f} ms, a gzip scrape every"
        f" {scale.window / _SCRAPES:g} s for {scale.window:g} s"
    )
    parts: Sequence[tuple[str, str, Unit, Callable[[_Cost], Figures], float]] = (
        ("cpu", "CPU", Unit.CORES, lambda cost: Figures((cost.cores,)), 1 / 3),
        ("scrape", "a scrape's wall time", Unit.SECONDS, lambda cost: cost.scrapes, 1 / 100),
        (
            "memory",
            "memory",
            Unit.BYTES,
            lambda cost: Figures((float(cost.resident_bytes),)),
            1 / 2,
        ),
    )
    for name, part, unit, figures, bound in parts:
        yield Row(
            f"together-{name}",
            f"{what}: {part}",
            unit,
            figures(ours),
            figures(theirs),
            _STOCK,
            at_most(bound),
        )


def _lags(bench: Bench, own: Exporter, api: Child) -> Iterator[Row]:
    scale = bench.scale
    api.ask("delay", _SLOW_ANSWER_SECONDS)
    api.ask("arrivals")
    before = _lag_buckets(own)
    time.sleep(scale.window / 2)
    late = list(_late(api.ask("arrivals"), scale.interval))
    after = _lag_buckets(own)
    what = (
        f"how late the 99th of 100 polls starts, {scale.polls_per_second:.0f} a second, Meta"
        f" answering after {_SLOW_ANSWER_SECONDS * 1e3:.0f} ms"
    )
    target = Target(Judged.VALUE, 0.1)
    yield Row(
        "schedule-lag",
        f"{what}: from its moment to the request's arrival at Meta",
        Unit.SECONDS,
        Figures((p99(late),)),
        target=target,
    )
    in_between = {bound: number - before[bound] for bound, number in after.items()}
    yield Row(
        "schedule-lag-own",
        f"{what}: by the exporter's own histogram, whose first bounds are 10 and 100 ms",
        Unit.SECONDS,
        Figures((histogram_p99(in_between),)),
        target=target,
    )


def _late(arrivals: Sequence[tuple[str, float]], interval: float) -> Iterator[float]:
    """Yield how long after its account's moment each request arrived."""
    for user, arrived in arrivals:
        name = f"account-{int(user) - FIRST_USER_ID:06d}"
        yield (arrived - phase_of(f"{Poll.QUOTA} {name}", interval)) % interval


def _lag_buckets(own: Exporter) -> Mapping[float, float]:
    samples = own.samples("threads_exporter_schedule_lag_seconds").items()
    found = ((_LAG_BUCKET.fullmatch(series), value) for series, value in samples)
    return {float(match[1]): value for match, value in found if match}
