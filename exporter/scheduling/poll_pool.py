import time
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Protocol

import structlog

from exporter.clock import Clock
from exporter.domain import Poll, PollJob
from exporter.scheduling.waiting import WaitingPolls

_log = structlog.get_logger(__name__)

_MOST_DEATHS = 3


class PollObserver(Protocol):
    def poll_started(self, poll: Poll, lag_seconds: float) -> None: ...

    def poll_finished(self) -> None: ...


class PollPool:
    """Runs polls in threads, no poll twice at a time; lags are from when a poll was due.

    An executor would hold a future of 2 kB for each poll that waits, and all wait at the start.
    """

    def __init__(
        self,
        run: Callable[[str, Poll], object],
        *,
        waiting: WaitingPolls,
        observer: PollObserver,
        clock: Clock,
    ) -> None:
        self._run = run
        self._observer = observer
        self._clock = clock
        self._started: dict[PollJob, float | None] = {}
        self._waiting = waiting
        self._threads: list[Thread] = []
        self._threads_lock = Lock()
        self._deaths = 0
        self._short_of_threads = False
        self._stopped = False

    def submit(self, job: PollJob, due: float) -> None:
        """Run a poll, due at a monotonic time, unless its last run still waits or goes on."""
        if job not in self._started:
            self._started[job] = None
            self._waiting.put(job, due)
            if self._needs_thread():
                self._add_threads()

    def oldest_run_seconds(self) -> float:
        """Return for how long the longest of the runs under way has been going."""
        now = time.monotonic()
        under_way = (started for started in tuple(self._started.values()) if started is not None)
        return max((now - started for started in under_way), default=0.0)

    def mend(self) -> None:
        """Replace the threads that died, and start those that could not be started."""
        if self._stopped:
            return
        with self._threads_lock:
            living = [thread for thread in self._threads if thread.is_alive()]
            self._deaths += len(self._threads) - len(living)
            self._threads = living
        if self._needs_thread():
            self._add_threads()

    def problems(self) -> Sequence[str]:
        """Return why polls do not run though they should, a sentence each."""
        missing = self._short_of_threads and not self._threads
        return ["no thread can be started to poll with"] if missing else []

    @property
    def is_worn_out(self) -> bool:
        """Tell whether so many threads have died that there is no point in replacing them."""
        return self._deaths > _MOST_DEATHS

    def shutdown(self) -> None:
        """Start no more runs; those under way go on."""
        self._stopped = True
        self._waiting.close()

    def _needs_thread(self) -> bool:
        return not self._stopped and (
            len(self._threads) < min(len(self._started), self._waiting.slots)
        )

    def _add_threads(self) -> None:
        """Start the threads that are missing, as far as the system lets them be started."""
        with self._threads_lock:
            try:
                while self._needs_thread():
                    self._add_thread()
            except (RuntimeError, MemoryError) as error:
                if not self._short_of_threads:
                    _log.error("no thread to poll with", problem=str(error))
                self._short_of_threads = True
            else:
                self._short_of_threads = False

    def _add_thread(self) -> None:
        name = f"poll_{len(self._threads)}"
        thread = Thread(target=self._work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        while (turn := self._waiting.get()) is not None:
            try:
                self._waiting.give_way()
            except BaseException:
                # The thread dies of it, but the poll may run again in another.
                self._started.pop(turn[0], None)
                raise
            if self._stopped:
                return
            self._run_job(*turn)

    def _run_job(self, job: PollJob, due: float) -> None:
        poll, account = job
        self._started[job] = started = time.monotonic()
        try:
            self._observer.poll_started(poll, max(self._clock.monotonic() - due, 0.0))
            self._run(account, poll)
        except BaseException:  # noqa: BLE001 — one poll's defect must not end its worker
            _log.exception("a poll ended in a defect", account=account, poll=poll)
        finally:
            self._waiting.ran(job, time.monotonic() - started)
            del self._started[job]
            self._observer.poll_finished()
