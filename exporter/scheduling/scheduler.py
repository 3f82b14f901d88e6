"""Which polls run when.

APScheduler keeps the time: one job of it starts all polls that are due, and sleeps until the next
is. A job of its own for each poll would cost it more than most polls cost.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from exporter.clock import Clock
from exporter.domain import Poll, PollJob
from exporter.scheduling.plan import PollPlan
from exporter.scheduling.poll_pool import PollObserver, PollPool
from exporter.scheduling.trigger import DueTrigger, PhasedTrigger

_CLOCK_STEP_SECONDS = 1.0
_STARTER = "polls"


class PollScheduler:
    """Runs `run(account, poll)` for each job it was given, and a few upkeep tasks beside."""

    def __init__(
        self,
        run: Callable[[str, Poll], object],
        *,
        max_in_flight: int,
        observer: PollObserver,
        clock: Clock,
    ) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._clock = clock
        self._clock_offset = clock.wall() - clock.monotonic()
        self._plan = PollPlan()
        self._pool = PollPool(run, max_in_flight=max_in_flight, observer=observer, clock=clock)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={_STARTER: ThreadPoolExecutor(1), "upkeep": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        trigger = DueTrigger(self._seconds_to_next)
        self._scheduler.add_job(self._start_due, trigger, id=_STARTER, executor=_STARTER)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more polls; those under way go on until their calls end."""
        self._scheduler.shutdown(wait=False)
        self._pool.shutdown()

    def oldest_run_seconds(self) -> float:
        return self._pool.oldest_run_seconds()

    def overdue_seconds(self) -> float:
        """Return for how long the next poll should have been started."""
        return max(-self._seconds_to_next(), 0.0)

    def every(self, seconds: float, name: str, task: Callable[[], object]) -> None:
        """Run an upkeep task from now on; upkeep tasks run one at a time, apart from the polls."""
        trigger = PhasedTrigger(seconds, 0.0)
        self._scheduler.add_job(task, trigger, id=f"upkeep {name}", executor="upkeep")

    def plan(self, intervals: Mapping[PollJob, float], at_once: Collection[PollJob] = ()) -> None:
        """Run these polls from now on, each new one and those of `at_once` now, and no others."""
        self._plan.replace(intervals, at_once, self._clock.monotonic())
        self._start_soon()

    def plan_also(self, job: PollJob, interval: float) -> None:
        """Run this poll too, at once, unless it is planned."""
        self._plan.add(job, interval, self._clock.monotonic())
        self._start_soon()

    def run_now(self, job: PollJob) -> None:
        """Run a planned poll at once; nothing happens if it is no longer planned."""
        self._plan.bring_forward(job, self._clock.monotonic())
        self._start_soon()

    def follow_clock(self) -> bool:
        """Plan anew if the wall clock was set; return whether it was.

        APScheduler keeps to the wall clock: after a step back it would wait for the old time.
        """
        offset = self._clock.wall() - self._clock.monotonic()
        if abs(offset - self._clock_offset) < _CLOCK_STEP_SECONDS:
            return False
        self._clock_offset = offset
        for job in self._scheduler.get_jobs():
            job.reschedule(job.trigger)
        return True

    def _start_soon(self) -> None:
        self._scheduler.modify_job(_STARTER, next_run_time=datetime.now(UTC))

    def _seconds_to_next(self) -> float:
        return self._plan.next_due() - self._clock.monotonic()

    def _start_due(self) -> None:
        for job, due in self._plan.take_due(self._clock.monotonic()):
            self._pool.submit(job, due)
