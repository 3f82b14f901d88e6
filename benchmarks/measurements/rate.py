"""How many polls a second are the most that one process keeps up with.

As many accounts are polled every second. A poll that is due while the one before it waits is not
made, so that too many show as fewer made than due.
"""

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.call_rate import calls_per_second
from benchmarks.exporter import Workload, exporter
from benchmarks.figures import Figures, Row, Unit
from benchmarks.nginx import authority
from benchmarks.processes import Child, child

_TOO_MANY = 2_500
_INTERVAL = 1.0
_ANSWER_SECONDS = 0.15
_IN_FLIGHT = 256
_SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
_KEPT_UP = 0.99


def measure(bench: Bench) -> Iterator[Row]:
    with child("delayed_api", authority(bench)) as api:
        api.ask("delay", _ANSWER_SECONDS)
        swamped = _polls_per_second(bench, api, _TOO_MANY)
        largest = _largest(bench, api, swamped)
    yield Row(
        "rate-largest",
        f"the most polls a second that one process keeps up with, {_KEPT_UP:.0%} of those due"
        f" made, answers after {_ANSWER_SECONDS * 1e3:.0f} ms, {_IN_FLIGHT} in flight allowed",
        Unit.PER_SECOND,
        Figures((largest,)),
    )


def _largest(bench: Bench, api: Child, swamped: float) -> float:
    """Return the first rate kept up with, going down from what is made of too many polls."""
    for share in _SHARES:
        due = round(swamped * share)
        made = _polls_per_second(bench, api, due)
        if made >= due * _KEPT_UP:
            return made
    raise RuntimeError(f"not even {due} polls a second are kept up with: use a quieter machine")


def _polls_per_second(bench: Bench, api: Child, accounts: int) -> float:
    base_url = f"https://127.0.0.1:{api.ask('port')}/v1.0"
    ca_file = authority(bench) / "ca.pem"
    workload = Workload(accounts, base_url, ca_file, _INTERVAL, _IN_FLIGHT)
    with exporter(workload, bench.subfolder(f"rate-{accounts}")) as process:
        process.wait_until_polled()
        time.sleep(bench.scale.rate_window)  # what waits since the first polls is made by then
        made = calls_per_second(api, bench.scale.rate_window)
        process.require_success()
    bench.tell(f"{made:.0f} polls a second of {accounts} that were due")
    return made
