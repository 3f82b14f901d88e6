from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Event

import pytest
from apscheduler.executors.base import MaxInstancesReachedError
from apscheduler.schedulers.background import BackgroundScheduler

from exporter.scheduling.executor import ObservedExecutor
from tests.scheduling.runs import GENEROUS


@dataclass(frozen=True)
class Job:
    """What an executor asks of APScheduler's job."""

    id: str
    func: Callable[[], object]
    args: tuple[object, ...] = ()
    max_instances: int = 1


@dataclass
class Observer:
    lags: list[tuple[str, float]] = field(default_factory=list)
    finished: SimpleQueue[None] = field(default_factory=SimpleQueue)

    def run_started(self, job_id: str, lag_seconds: float) -> None:
        self.lags.append((job_id, lag_seconds))

    def run_finished(self) -> None:
        self.finished.put(None)

    def wait_for_an_end(self) -> None:
        self.finished.get(timeout=GENEROUS)


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def executor(observer: Observer) -> Iterator[ObservedExecutor]:
    executor = ObservedExecutor(1, "test", observer)
    executor.start(BackgroundScheduler(), "test")
    yield executor
    executor.shutdown()


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_the_lag_is_measured_from_when_the_run_was_due(
    executor: ObservedExecutor, observer: Observer
) -> None:
    executor.submit_job(Job("quota acme", lambda: None), [ago(42)])
    observer.wait_for_an_end()

    [(job_id, lag)] = observer.lags
    assert job_id == "quota acme"
    assert 42 <= lag < 42 + GENEROUS


def test_a_run_before_its_time_has_no_lag(executor: ObservedExecutor, observer: Observer) -> None:
    executor.submit_job(Job("quota acme", lambda: None), [ago(-3600)])
    observer.wait_for_an_end()

    assert observer.lags == [("quota acme", 0.0)]


def test_a_run_under_way_has_an_age_and_none_once_it_is_over(
    executor: ObservedExecutor, observer: Observer
) -> None:
    begun, release = Event(), Event()

    def hang() -> None:
        begun.set()
        assert release.wait(GENEROUS)

    assert executor.oldest_run_seconds() == 0
    executor.submit_job(Job("quota acme", hang), [ago(0)])
    assert begun.wait(GENEROUS)
    assert executor.oldest_run_seconds() > 0
    with pytest.raises(MaxInstancesReachedError):
        executor.submit_job(Job("quota acme", hang), [ago(0)])

    release.set()
    observer.wait_for_an_end()
    assert executor.oldest_run_seconds() == 0


def test_a_job_that_raises_may_run_again(executor: ObservedExecutor, observer: Observer) -> None:
    results: SimpleQueue[str] = SimpleQueue()

    def fail() -> None:
        results.put("run")
        raise ZeroDivisionError("a defect in a job")

    for _ in range(2):
        executor.submit_job(Job("quota acme", fail), [ago(0)])
        observer.wait_for_an_end()

    assert results.qsize() == 2


def test_an_executor_needs_no_observer() -> None:
    executor = ObservedExecutor(1, "test")
    executor.start(BackgroundScheduler(), "test")
    ran = Event()

    executor.submit_job(Job("heartbeat", ran.set), [ago(0)])

    assert ran.wait(GENEROUS)
    executor.shutdown()


def test_what_waits_at_the_shutdown_never_runs(
    executor: ObservedExecutor, observer: Observer
) -> None:
    begun, release, never = Event(), Event(), Event()

    def hang() -> None:
        begun.set()
        assert release.wait(GENEROUS)

    executor.submit_job(Job("quota acme", hang), [ago(0)])
    executor.submit_job(Job("quota zebra", never.set), [ago(0)])
    assert begun.wait(GENEROUS)

    executor.shutdown(wait=False)
    release.set()
    observer.wait_for_an_end()
    executor.shutdown()

    assert not never.is_set()
