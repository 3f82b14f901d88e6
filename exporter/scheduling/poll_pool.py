import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from exporter.clock import Clock
from exporter.domain import Poll, PollJob

_log = structlog.get_logger(__name__)


class PollObserver(Protocol):
    def poll_started(self, poll: Poll, lag_seconds: float) -> None: ...

    def poll_finished(self) -> None: ...


class PollPool:
    """Runs polls in threads, no poll twice at a time; lags are from when a poll was due."""

    def __init__(
        self,
        run: Callable[[str, Poll], object],
        *,
        max_in_flight: int,
        observer: PollObserver,
        clock: Clock,
    ) -> None:
        self._run = run
        self._observer = observer
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_in_flight, thread_name_prefix="poll")
        self._started: dict[PollJob, float | None] = {}

    def submit(self, job: PollJob, due: float) -> None:
        """Run a poll, due at a monotonic time, unless its last run still waits or goes on."""
        if job not in self._started:
            self._started[job] = None
            self._pool.submit(self._run_job, job, due)

    def oldest_run_seconds(self) -> float:
        """Return for how long the longest of the runs under way has been going."""
        now = time.monotonic()
        under_way = (started for started in tuple(self._started.values()) if started is not None)
        return max((now - started for started in under_way), default=0.0)

    def shutdown(self) -> None:
        """Start no more runs; those under way go on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run_job(self, job: PollJob, due: float) -> None:
        poll, account = job
        self._started[job] = time.monotonic()
        self._observer.poll_started(poll, max(self._clock.monotonic() - due, 0.0))
        try:
            self._run(account, poll)
        except Exception:  # noqa: BLE001 — one poll's defect must not end its worker
            _log.exception("a poll ended in a defect", account=account, poll=poll)
        finally:
            del self._started[job]
            self._observer.poll_finished()
