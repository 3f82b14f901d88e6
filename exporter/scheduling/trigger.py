from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from exporter.scheduling.plan import in_phase

SHORTEST_WAIT_SECONDS = 0.02
"""What comes due within it is started together: starting costs the same for one and for many."""

_LONGEST_WAIT_SECONDS = 10.0


class PhasedTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at one phase of every interval.

    A wall clock that is set takes the phase along, and makes no burst.
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
        moment = in_phase(self._interval, self._phase, earliest.timestamp())
        return datetime.fromtimestamp(moment, tz=now.tzinfo)


class DueTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires when something is due, in as many seconds as it is told, and at times in vain."""

    def __init__(self, seconds_to_next: Callable[[], float]) -> None:
        self._seconds_to_next = seconds_to_next

    def get_next_fire_time(
        self, _previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        wait = max(self._seconds_to_next(), SHORTEST_WAIT_SECONDS)
        return now + timedelta(seconds=min(wait, _LONGEST_WAIT_SECONDS))
