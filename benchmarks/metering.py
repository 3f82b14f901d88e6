"""What calls cost: counted where they arrive, at the moment at which the CPU clock is read.

The exporter's own counters would come late when it is busy, with calls that the clock had missed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.nginx import Nginx
from benchmarks.processes import Process


@dataclass(frozen=True, slots=True)
class Spent:
    calls: int
    cpu_seconds: float
    seconds: float

    @property
    def rate(self) -> float:
        """Return the calls a second."""
        return self.calls / self.seconds

    @property
    def cpu_per_call(self) -> float:
        return self.cpu_seconds / self.calls


def spent_during(process: Process, api: Nginx, work: Callable[[], object]) -> Spent:
    """Return what the process, the only one that calls, spends while the work is done."""
    started, calls, cpu = time.monotonic(), api.requests, process.cpu_seconds
    work()
    ended, calls_after, cpu_after = time.monotonic(), api.requests, process.cpu_seconds
    asking_for_the_count = 1
    return Spent(calls_after - calls - asking_for_the_count, cpu_after - cpu, ended - started)
