"""Which polls run when: one APScheduler job per account and poll, spread over the interval."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from exporter.clock import Clock
from exporter.domain import Poll, PollJob
from exporter.scheduling.executor import ObservedExecutor
from exporter.scheduling.trigger import PhasedTrigger, phase_of

_CLOCK_STEP_SECONDS = 1.0


class PollObserver(Protocol):
    def poll_started(self, poll: Poll, lag_seconds: float) -> None: ...

    def poll_finished(self) -> None: ...


class _PollRuns:
    def __init__(self, observer: PollObserver) -> None:
        self._observer = observer

    def run_started(self, job_id: str, lag_seconds: float) -> None:
        poll, _, _ = job_id.partition(" ")
        self._observer.poll_started(Poll(poll), lag_seconds)

    def run_finished(self) -> None:
        self._observer.poll_finished()


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
        self._run = run
        self._clock = clock
        self._clock_offset = clock.wall() - clock.monotonic()
        self._intervals: dict[PollJob, float] = {}
        self._executor = ObservedExecutor(max_in_flight, "poll", _PollRuns(observer))
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._executor, "upkeep": ObservedExecutor(1, "upkeep")},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more polls; those under way go on until their calls end."""
        self._scheduler.shutdown(wait=False)

    def oldest_run_seconds(self) -> float:
        return self._executor.oldest_run_seconds()

    def every(self, seconds: float, name: str, task: Callable[[], object]) -> None:
        """Run an upkeep task from now on; upkeep tasks run one at a time, apart from the polls."""
        trigger = PhasedTrigger(seconds, 0.0)
        self._scheduler.add_job(task, trigger, id=f"upkeep {name}", executor="upkeep")

    def plan(self, intervals: Mapping[PollJob, float]) -> None:
        """Run these polls from now on, each new one at once, and no others."""
        for job in self._intervals.keys() - intervals.keys():
            self._scheduler.remove_job(_id(job))
        for job, interval in intervals.items():
            if self._intervals.get(job) != interval:
                self._add(job, interval)
        self._intervals = dict(intervals)

    def plan_also(self, job: PollJob, interval: float) -> None:
        """Run this poll too, at once, unless it is planned."""
        if job not in self._intervals:
            self._intervals[job] = interval
            self._add(job, interval)

    def _add(self, job: PollJob, interval: float) -> None:
        poll, account = job
        self._scheduler.add_job(
            self._run,
            PhasedTrigger(interval, phase_of(_id(job), interval)),
            args=(account, poll),
            id=_id(job),
            next_run_time=datetime.now(UTC),
            replace_existing=True,
        )

    def run_now(self, job: PollJob) -> None:
        """Run a planned poll at once; nothing happens if it is no longer planned."""
        try:
            self._scheduler.modify_job(_id(job), next_run_time=datetime.now(UTC))
        except JobLookupError:
            return

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


def _id(job: PollJob) -> str:
    poll, account = job
    return f"{poll} {account}"
