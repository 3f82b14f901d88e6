import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job


class RunObserver(Protocol):
    """Sees each run of a job: how late it started, and that it is over."""

    def run_started(self, job_id: str, lag_seconds: float) -> None: ...

    def run_finished(self) -> None: ...


class ObservedExecutor(BaseExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """Runs jobs in threads; its observer learns of each run, anybody of the oldest under way."""

    def __init__(self, max_workers: int, name: str, observer: RunObserver | None = None) -> None:
        super().__init__()
        self._observer = observer
        self._pool = ThreadPoolExecutor(max_workers, thread_name_prefix=name)
        self._under_way: dict[str, float] = {}

    def oldest_run_seconds(self) -> float:
        """Return for how long the longest of the runs under way has been going."""
        now = time.monotonic()
        return max((now - started for started in tuple(self._under_way.values())), default=0.0)

    def shutdown(self, wait: bool = True) -> None:  # noqa: FBT001, FBT002 — APScheduler's signature
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _do_submit_job(self, job: Job, run_times: Sequence[datetime]) -> None:
        self._pool.submit(self._run, job, run_times[0])

    def _run(self, job: Job, due: datetime) -> None:
        lag = (datetime.now(UTC) - due).total_seconds()
        self._under_way[job.id] = time.monotonic()
        if self._observer:
            self._observer.run_started(job.id, max(lag, 0.0))
        try:
            job.func(*job.args)
        except Exception as error:  # noqa: BLE001 — a thread's last resort: APScheduler logs it
            self._run_job_error(job.id, error, error.__traceback__)
        else:
            self._run_job_success(job.id, [])
        finally:
            del self._under_way[job.id]
            if self._observer:
                self._observer.run_finished()
