"""Which polls run when.

APScheduler keeps the time: one job of it starts all polls that are due, and sleeps until the next
is. A job of its own for each poll would cost it more than most polls cost.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random
from threading import Thread, current_thread
from typing import cast

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from exporter.clock import Clock
from exporter.domain import Poll, PollJob, PollResult
from exporter.scheduling.plan import PollPlan
from exporter.scheduling.poll_pool import PollObserver, PollPool
from exporter.scheduling.trigger import DueTrigger, PhasedTrigger
from exporter.scheduling.waiting import WaitingPolls

_CLOCK_STEP_SECONDS = 1.0
_STARTER = "polls"
_UPKEEP = "upkeep"


class _Executor(BasePoolExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """A thread, which is shown so that it is noticed when it dies: it would not be replaced."""

    def __init__(self, name: str) -> None:
        self._one_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        super().__init__(self._one_thread)

    def begin(self) -> Thread:
        """Start the thread, which may not be to be had any more once it is needed."""
        return self._one_thread.submit(current_thread).result()


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]  # APScheduler ships no types
    def begin(self) -> Thread:
        self.start()
        return cast("Thread", self._thread)


class PollScheduler:
    """Runs `run(account, poll)` for each job it was given, and a few upkeep tasks beside."""

    def __init__(
        self,
        run: Callable[[str, Poll], PollResult],
        *,
        waiting: WaitingPolls,
        observer: PollObserver,
        clock: Clock,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._clock = clock
        self._clock_offset = clock.wall() - clock.monotonic()
        self._plan = PollPlan(Random())  # noqa: S311 — jitter is no secret
        self._run = run
        self._pool = PollPool(
            self._run_and_rest,
            waiting=waiting,
            observer=observer,
            clock=clock,
        )
        self._beat = beat
        self._executors = {name: _Executor(name) for name in (_STARTER, _UPKEEP)}
        self._scheduler = _Scheduler(
            timezone=UTC,
            executors=self._executors,
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        trigger = DueTrigger(self._seconds_to_next)
        self._scheduler.add_job(self._start_due, trigger, id=_STARTER, executor=_STARTER)
        self._threads: Sequence[Thread] = ()

    def start(self) -> None:
        executors = [executor.begin() for executor in self._executors.values()]
        self._threads = (*executors, self._scheduler.begin())

    def stop(self) -> None:
        """Start no more polls; those under way go on until their calls end."""
        self._scheduler.shutdown(wait=False)
        self._pool.shutdown()

    def oldest_run_seconds(self) -> float:
        return self._pool.oldest_run_seconds()

    def mend(self) -> None:
        """Replace threads of polls that died, and start those that could not be started."""
        self._pool.mend()

    def dead_threads(self) -> Iterator[str]:
        """Yield the names of the threads that died and are not replaced."""
        yield from (thread.name for thread in self._threads if not thread.is_alive())
        if self._pool.is_worn_out:
            yield "polls"

    def problems(self) -> Sequence[str]:
        """Return why polls do not run though they should, a sentence each."""
        return self._pool.problems()

    def overdue_seconds(self) -> float:
        """Return for how long the next poll should have been started."""
        return max(-self._seconds_to_next(), 0.0)

    def every(self, seconds: float, name: str, task: Callable[[], object]) -> None:
        """Run an upkeep task from now on; upkeep tasks run one at a time, apart from the polls."""
        trigger = PhasedTrigger(seconds, 0.0)
        self._scheduler.add_job(task, trigger, id=f"{_UPKEEP} {name}", executor=_UPKEEP)

    def plan(self, intervals: Mapping[PollJob, float], at_once: Collection[PollJob] = ()) -> None:
        """Run these polls from now on, each new one and those of `at_once` now, and no others."""
        self._plan.replace(intervals, at_once, self._clock.monotonic())
        self._start_soon()

    def run_within(self, seconds: float, jobs: Mapping[PollJob, float]) -> None:
        """Run these polls within so many seconds, and from then on in the intervals given."""
        due = self._clock.monotonic() + seconds
        next_due = self._plan.next_due()
        for job, interval in jobs.items():
            self._plan.add(job, interval, due)
        if due < next_due:
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

    def _run_and_rest(self, account: str, poll: Poll) -> None:
        started = self._clock.monotonic()
        result = self._run(account, poll)
        if result is PollResult.UNANSWERED:
            self._plan.put_off((poll, account), started, self._clock.monotonic())
        elif result is PollResult.ANSWERED:
            self._plan.forget_failures((poll, account))

    def _start_soon(self) -> None:
        self._scheduler.modify_job(_STARTER, next_run_time=datetime.now(UTC))

    def _seconds_to_next(self) -> float:
        return self._plan.next_due() - self._clock.monotonic()

    def _start_due(self) -> None:
        self._beat()
        for job, due in self._plan.take_due(self._clock.monotonic()):
            self._pool.submit(job, due)
