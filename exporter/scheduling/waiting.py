from collections import Counter, deque
from collections.abc import Callable
from threading import Condition

from exporter.domain import PollJob

LONG_RUN_SECONDS = 2.0
"""Meta usually answers in a fraction of it; what hangs holds its slot for several times as long."""

LONG_RUNS_IN_A_ROW = 8
"""After so many of an app's accounts, and no quick run between, all its accounts are slow."""

HANDICAP_SECONDS = 60.0
"""By how much a poll in the second line must be due earlier to be run before the first line's."""

Turn = tuple[PollJob, float]
"""A poll, and when it was due."""


class WaitingPolls:
    """Polls that wait for a slot, in two lines.

    In the second wait those of slow accounts, whose last run took long, and they hold half of the
    slots at most: calls that hang would soon hold all, each for its whole timeout.
    """

    def __init__(
        self,
        slots: int,
        app_of: Callable[[str], str] = str,
        give_way: Callable[[], object] = lambda: None,
    ) -> None:
        """Have `give_way` be called before a poll is started."""
        self.slots = slots
        self.give_way = give_way
        self._app_of = app_of
        self._most_long = max(slots // 2, 1)
        self._changed = Condition()
        self._first: deque[Turn] = deque()
        self._second: deque[Turn] = deque()
        self._slow_accounts: set[str] = set()
        self._long_in_a_row: Counter[str] = Counter()
        self._long_runs: set[PollJob] = set()
        self._closed = False

    def put(self, job: PollJob, due: float) -> None:
        with self._changed:
            line = self._second if self._is_slow(job[1]) else self._first
            line.append((job, due))
            self._changed.notify()

    def get(self) -> Turn | None:
        """Wait for a poll that may run now, and return it; None once closed."""
        with self._changed:
            while not self._closed:
                if self._is_seconds_turn():
                    turn = self._second.popleft()
                    self._long_runs.add(turn[0])
                    return turn
                if self._first:
                    return self._first.popleft()
                self._changed.wait()
            return None

    def ran(self, job: PollJob, seconds: float) -> None:
        """Note how long a poll's run took that `get` returned."""
        with self._changed:
            if seconds >= LONG_RUN_SECONDS:
                self._slow_accounts.add(job[1])
                self._long_in_a_row[self._app_of(job[1])] += 1
            else:
                self._slow_accounts.discard(job[1])
                self._long_in_a_row.pop(self._app_of(job[1]), None)
            if job in self._long_runs:
                self._long_runs.remove(job)
                self._changed.notify()

    def close(self) -> None:
        """Let nothing more be run."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_slow(self, account: str) -> bool:
        in_a_row = self._long_in_a_row[self._app_of(account)]
        return account in self._slow_accounts or in_a_row >= LONG_RUNS_IN_A_ROW

    def _is_seconds_turn(self) -> bool:
        if not self._second or len(self._long_runs) >= self._most_long:
            return False
        return not self._first or self._second[0][1] + HANDICAP_SECONDS < self._first[0][1]
