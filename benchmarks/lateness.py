"""How late polls start, as seen where Meta would be."""

import time
from collections.abc import Sequence

from benchmarks.exporter import Exporter
from benchmarks.processes import Child
from exporter.domain import Poll
from exporter.scheduling.plan import phase_of
from exporter.simulator.state import FIRST_USER_ID


def lateness(process: Exporter, api: Child, interval: float, seconds: float) -> Sequence[float]:
    """Watch for so long; return how long after its account's moment each quota poll arrived."""
    process.wait_until_in_phase(interval)
    api.ask("arrivals")
    time.sleep(seconds)
    arrivals = api.ask("arrivals")
    process.require_success()
    return [_late(user, arrived, interval) for user, arrived in arrivals]


def _late(user: str, arrived: float, interval: float) -> float:
    name = f"account-{int(user) - FIRST_USER_ID:06d}"
    return (arrived - phase_of(f"{Poll.QUOTA} {name}", interval)) % interval
