from collections import Counter
from queue import SimpleQueue
from threading import Condition, Event

from exporter.domain import Poll, PollJob, PollResult

GENEROUS = 30.0
"""Seconds after which a test gives up on what should come at once."""


class Runs:
    """What is run by a scheduler, and what its observer is told."""

    def __init__(self) -> None:
        self.polled: SimpleQueue[PollJob] = SimpleQueue()
        self.lags: SimpleQueue[tuple[Poll, float]] = SimpleQueue()
        self.release = Event()
        self.hanging: set[str] = set()
        self.unanswered: set[str] = set()
        self._changed = Condition()
        self._counts: Counter[PollJob] = Counter()
        self._started = self._finished = 0

    def run(self, account: str, poll: Poll) -> PollResult:
        with self._changed:
            self._counts[poll, account] += 1
            self._changed.notify_all()
        self.polled.put((poll, account))
        if account in self.hanging:
            assert self.release.wait(GENEROUS)
        if account == "broken":
            raise ZeroDivisionError("a defect in a job")
        return PollResult.UNANSWERED if account in self.unanswered else PollResult.ANSWERED

    def poll_started(self, poll: Poll, lag_seconds: float) -> None:
        self.lags.put((poll, lag_seconds))
        with self._changed:
            self._started += 1
            self._changed.notify_all()

    def poll_finished(self) -> None:
        with self._changed:
            self._finished += 1
            self._changed.notify_all()

    def next(self) -> PollJob:
        return self.polled.get(timeout=GENEROUS)

    def wait_until_idle(self, after: int) -> bool:
        """Wait until so many runs have ended, and no other has begun."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._started == self._finished == after, GENEROUS
            )

    def wait_for_each(self, jobs: set[PollJob], times: int) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: all(self._counts[job] >= times for job in jobs), GENEROUS
            )

    def count(self, job: PollJob) -> int:
        return self._counts[job]
