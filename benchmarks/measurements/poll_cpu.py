"""What a quota poll costs the exporter, beside a bare call of requests."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.exporter import Workload, exporter
from benchmarks.figures import Figures, Row, Unit, alternate, at_most
from benchmarks.metering import spent_during
from benchmarks.nginx import Nginx, authority, nginx
from benchmarks.processes import child

_IN_FLIGHT = 16
_SATURATING_ACCOUNTS = 1_500
_SATURATING_INTERVAL = 1.0
_SCHEDULED_INTERVAL = 6.0
_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class _Costs:
    """CPU seconds of a poll, and of a call alone."""

    saturated: Figures
    scheduled: Figures
    call: Figures
    frugal_call: Figures


def measure(bench: Bench) -> Iterator[Row]:
    costs = _costs(bench)
    against = f"the call alone in a loop of requests' Session.get, {_IN_FLIGHT} threads"
    yield Row(
        "poll-saturated",
        "CPU of a quota poll, all in (schedule, call, parse, note, render), HTTPS,"
        f" {_IN_FLIGHT} in flight, as many as it manages",
        Unit.SECONDS,
        costs.saturated,
        costs.call,
        against,
        at_most(0.9),
    )
    yield Row(
        "poll-saturated-frugal",
        "CPU of a quota poll as above, beside requests used with more thrift",
        Unit.SECONDS,
        costs.saturated,
        costs.frugal_call,
        f"the call alone, {_IN_FLIGHT} threads with a Session each, trust_env off",
    )
    rate = round(bench.scale.polls_per_second)
    yield Row(
        "poll-scheduled",
        f"CPU of a quota poll at {rate} a second, spread by the schedule: each wakes the process",
        Unit.SECONDS,
        costs.scheduled,
        costs.call,
        against,
    )


def _costs(bench: Bench) -> _Costs:
    ca_file = authority(bench) / "ca.pem"
    number = bench.scale.calls
    with nginx(bench) as api, child("session_calls", api.base_url, ca_file, _IN_FLIGHT) as bare:
        bare.ask("calls", number // 10)
        bare.ask("frugal calls", number // 10)
        saturated, call, frugal_call = alternate(
            bench.scale.repetitions,
            lambda: _saturated(bench, api, ca_file),
            lambda: bare.cpu_during(lambda: bare.ask("calls", number)) / number,
            lambda: bare.cpu_during(lambda: bare.ask("frugal calls", number)) / number,
        )
        scheduled = Figures((_scheduled(bench, api, ca_file),))
    return _Costs(saturated, scheduled, call, frugal_call)


def _saturated(bench: Bench, api: Nginx, ca_file: Path) -> float:
    accounts, interval = _SATURATING_ACCOUNTS, _SATURATING_INTERVAL
    workload = Workload(accounts, api.base_url, ca_file, interval, _IN_FLIGHT)
    with exporter(workload, bench.subfolder("saturated")) as process:
        process.wait_until_polled()
        spent = spent_during(process, api, lambda: time.sleep(_SECONDS))
        process.require_success()
    bench.tell(f"{spent.rate:.0f} polls a second of {accounts / interval:.0f} that were due")
    return spent.cpu_per_call


def _scheduled(bench: Bench, api: Nginx, ca_file: Path) -> float:
    accounts = round(bench.scale.polls_per_second * _SCHEDULED_INTERVAL)
    workload = Workload(accounts, api.base_url, ca_file, _SCHEDULED_INTERVAL, _IN_FLIGHT)
    with exporter(workload, bench.subfolder("scheduled")) as process:
        process.wait_until_polled()
        process.wait_until_in_phase(_SCHEDULED_INTERVAL)
        spent = spent_during(process, api, lambda: time.sleep(_SCHEDULED_INTERVAL * 2))
        process.require_success()
    return spent.cpu_per_call
