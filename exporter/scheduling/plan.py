import heapq
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock

from exporter.domain import PollJob


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


@dataclass(slots=True)
class _Planned:
    interval: float
    turn: int


class PollPlan:
    """Which polls are due when; times are monotonic seconds, so that no clock change moves them.

    A job's runs that were missed make one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._planned: dict[PollJob, _Planned] = {}
        self._turns: list[tuple[float, int, PollJob]] = []
        self._numbers = count()

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
                known = before.get(job)
                if known is not None and known.interval == interval and job not in wanted:
                    self._planned[job] = known
                else:
                    self._enter(job, interval, now)

    def add(self, job: PollJob, interval: float, now: float) -> None:
        """Plan this job too, due now, unless it is planned."""
        with self._lock:
            if job not in self._planned:
                self._enter(job, interval, now)

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
            while (turn := self._first()) is not None and turn[0] <= now:
                due, _, job = turn
                interval = self._planned[job].interval
                phase = phase_of(" ".join(job), interval)
                self._enter(job, interval, next_in_phase(interval, phase, due, now))
                taken.append((job, due))
        return taken

    def next_due(self) -> float:
        """Return when the next job is due, infinity if none is planned."""
        with self._lock:
            turn = self._first()
            return turn[0] if turn else math.inf

    def _enter(self, job: PollJob, interval: float, due: float) -> None:
        number = next(self._numbers)
        self._planned[job] = _Planned(interval, number)
        heapq.heappush(self._turns, (due, number, job))

    def _first(self) -> tuple[float, int, PollJob] | None:
        """Return the first turn that still counts: what was planned anew since does not."""
        while self._turns:
            _, number, job = self._turns[0]
            planned = self._planned.get(job)
            if planned is not None and planned.turn == number:
                return self._turns[0]
            heapq.heappop(self._turns)
        return None
