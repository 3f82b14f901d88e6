import heapq
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from random import Random
from threading import Lock
from typing import NamedTuple

from exporter.domain import PollJob

_FIRST_BACK_OFF = 30.0
_LONGEST_BACK_OFF = 900.0
_MOST_DOUBLINGS = 5


def phase_of(key: str, interval: float) -> float:
    """Return where in the interval a job stands: the same each time, spread evenly over many."""
    return zlib.crc32(key.encode()) / (1 << 32) * interval


def in_phase(interval: float, phase: float, earliest: float) -> float:
    """Return the first moment of the phase that is not before the earliest."""
    return phase + math.ceil((earliest - phase) / interval) * interval


def next_in_phase(interval: float, phase: float, previous: float, now: float) -> float:
    """Return when a job runs next that ran at `previous`: in phase, so that many make no burst.

    That run may have been out of phase, as the first one is: half an interval passes at least.
    """
    moment = in_phase(interval, phase, max(now, previous + interval / 2))
    return moment if moment > now else moment + interval


def longest_back_off(failures: int, interval: float) -> float:
    """Return by how much a job is put off at most after so many failures one after another."""
    doublings = min(failures - 1, _MOST_DOUBLINGS)
    grown: float = _FIRST_BACK_OFF * 2**doublings
    return min(interval, _LONGEST_BACK_OFF, grown)


class _Turn(NamedTuple):
    """A job's next run; turns are in the order in which they are due."""

    due: float
    job: PollJob
    interval: float


class PollPlan:
    """Which polls are due when; times are monotonic seconds, so that no clock change moves them.

    A job's runs that were missed make one.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = Lock()
        self._planned: dict[PollJob, _Turn] = {}
        self._turns: list[_Turn] = []
        self._failures: dict[PollJob, int] = {}

    def replace(
        self, intervals: Mapping[PollJob, float], at_once: Collection[PollJob], now: float
    ) -> None:
        """Plan these jobs and no others.

        What is new, has a new interval, or is among `at_once`, is due now.
        """
        wanted = frozenset(at_once)
        with self._lock:
            before, self._planned = self._planned, {}
            for job, interval in intervals.items():
                turn = before.get(job)
                if turn is None or turn.interval != interval or job in wanted:
                    turn = _Turn(now, job, interval)
                self._planned[job] = turn
            self._turns = sorted(self._planned.values())
            self._failures = {
                job: failures for job, failures in self._failures.items() if job in self._planned
            }

    def add(self, job: PollJob, interval: float, due: float) -> None:
        """Plan this job too, unless it is planned; have it be due then, unless it is before."""
        with self._lock:
            planned = self._planned.get(job)
            if planned is None:
                self._enter(job, interval, due)
            elif due < planned.due:
                self._enter(job, planned.interval, due)

    def bring_forward(self, job: PollJob, now: float) -> None:
        """Have a planned job be due now; nothing happens if it is not planned."""
        with self._lock:
            planned = self._planned.get(job)
            if planned is not None:
                self._enter(job, planned.interval, now)

    def take_due(self, now: float) -> Sequence[tuple[PollJob, float]]:
        """Return the jobs that are due with the time when each was, and plan their next runs."""
        taken = []
        with self._lock:
            while (turn := self._first()) is not None and turn.due <= now:
                due, job, interval = turn
                phase = phase_of(" ".join(job), interval)
                self._enter(job, interval, next_in_phase(interval, phase, due, now))
                taken.append((job, due))
        return taken

    def put_off(self, job: PollJob, started: float, now: float) -> None:
        """Have a job whose run failed rest for an interval, and a back-off of full jitter.

        So many that fail together do not come back together, and yet all within two intervals.
        """
        with self._lock:
            planned = self._planned.get(job)
            if planned is None:
                return
            self._failures[job] = failures = self._failures.get(job, 0) + 1
            wait = self._random.uniform(0, longest_back_off(failures, planned.interval))
            # What was brought forward meanwhile is not put off.
            if planned.due > now:
                rested = max(started + planned.interval, now)
                self._enter(job, planned.interval, max(planned.due, rested + wait))

    def forget_failures(self, job: PollJob) -> None:
        """Have a job that succeeded be put off no longer than at first when it fails again."""
        with self._lock:
            self._failures.pop(job, None)

    def next_due(self) -> float:
        """Return when the next job is due, infinity if none is planned."""
        with self._lock:
            turn = self._first()
            return turn.due if turn else math.inf

    def _enter(self, job: PollJob, interval: float, due: float) -> None:
        turn = self._planned[job] = _Turn(due, job, interval)
        heapq.heappush(self._turns, turn)

    def _first(self) -> _Turn | None:
        """Return the first turn that still counts: what was planned anew since does not."""
        while self._turns:
            turn = self._turns[0]
            if self._planned.get(turn.job) is turn:
                return turn
            heapq.heappop(self._turns)
        return None
