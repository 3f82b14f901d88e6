import math
import zlib
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger


def phase_of(key: str, interval: float) -> float:
    """Return where in the interval a job stands: the same each time, spread evenly over many."""
    return zlib.crc32(key.encode()) / (1 << 32) * interval


class PhasedTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at one phase of every interval, so that many jobs make no burst.

    The run before may have been out of phase, as the first one is; then the next follows after
    half an interval at least. A wall clock that is set takes the phase along, not a burst.
    """

    def __init__(self, interval: float, phase: float) -> None:
        self._interval = interval
        self._phase = phase

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        earliest = now
        if previous_fire_time is not None:
            earliest = max(now, previous_fire_time + timedelta(seconds=self._interval / 2))
        passed = (earliest.timestamp() - self._phase) / self._interval
        moment = self._phase + math.ceil(passed) * self._interval
        return datetime.fromtimestamp(moment, tz=now.tzinfo)
