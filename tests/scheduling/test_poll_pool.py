import threading
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from exporter.domain import Poll, PollJob
from exporter.scheduling.poll_pool import PollPool
from exporter.scheduling.waiting import WaitingPolls
from tests.clock import ControlledClock
from tests.scheduling.runs import GENEROUS, Runs

ACME: PollJob = (Poll.QUOTA, "acme")
ZEBRA: PollJob = (Poll.QUOTA, "zebra")
BROKEN: PollJob = (Poll.QUOTA, "broken")


@pytest.fixture
def runs() -> Runs:
    return Runs()


def pool_of(
    runs: Runs,
    clock: ControlledClock,
    *,
    max_in_flight: int = 1,
    give_way: Callable[[], object] = lambda: None,
) -> PollPool:
    return PollPool(
        runs.run,
        waiting=WaitingPolls(max_in_flight, give_way=give_way),
        observer=runs,
        clock=clock,
    )


@pytest.fixture
def pool(runs: Runs, clock: ControlledClock) -> Iterator[PollPool]:
    pool = pool_of(runs, clock)
    yield pool
    runs.release.set()
    pool.shutdown()


@pytest.mark.parametrize(("due_ago", "lag"), [(42.0, 42.0), (-3600.0, 0.0)])
def test_the_lag_is_from_when_a_run_was_due_and_none_before_its_time(
    pool: PollPool, runs: Runs, clock: ControlledClock, due_ago: float, lag: float
) -> None:
    pool.submit(ACME, clock.monotonic() - due_ago)

    assert runs.wait_until_idle(after=1)
    assert runs.lags.get() == (Poll.QUOTA, lag)


def test_a_run_under_way_has_an_age_and_none_once_it_is_over(pool: PollPool, runs: Runs) -> None:
    runs.hanging = {"acme"}
    assert pool.oldest_run_seconds() == 0

    pool.submit(ACME, 0)
    runs.next()

    assert pool.oldest_run_seconds() > 0
    runs.release.set()
    assert runs.wait_until_idle(after=1)
    assert pool.oldest_run_seconds() == 0


def test_a_poll_whose_last_run_goes_on_or_waits_is_not_run_beside_it(
    pool: PollPool, runs: Runs
) -> None:
    runs.hanging = {"acme"}
    pool.submit(ACME, 0)
    runs.next()
    for _ in range(3):
        pool.submit(ACME, 0)
        pool.submit(ZEBRA, 0)

    runs.release.set()

    assert runs.wait_until_idle(after=2)
    assert (runs.count(ACME), runs.count(ZEBRA)) == (1, 1)


def test_a_run_that_fails_is_logged_and_may_run_again(pool: PollPool, runs: Runs) -> None:
    with capture_logs() as logs:
        for times in (1, 2):
            pool.submit(BROKEN, 0)
            assert runs.wait_until_idle(after=times)

    assert runs.count(BROKEN) == 2
    assert [(log["event"], log["account"], log["poll"]) for log in logs] == [
        ("a poll ended in a defect", "broken", Poll.QUOTA)
    ] * 2


def test_what_waits_at_the_shutdown_never_runs(pool: PollPool, runs: Runs) -> None:
    runs.hanging = {"acme"}
    pool.submit(ACME, 0)
    pool.submit(ZEBRA, 0)
    runs.next()

    pool.shutdown()
    runs.release.set()

    assert runs.wait_until_idle(after=1)
    assert runs.count(ZEBRA) == 0


def test_a_poll_gives_way_before_it_starts(runs: Runs, clock: ControlledClock) -> None:
    started_before: list[int] = []
    pool = pool_of(runs, clock, give_way=lambda: started_before.append(runs.count(ACME)))

    for times in (1, 2):
        pool.submit(ACME, 0)
        assert runs.wait_until_idle(after=times)

    pool.shutdown()
    assert started_before == [0, 1]


def test_there_are_as_many_threads_as_polls_were_at_once_and_no_more_than_allowed(
    runs: Runs, clock: ControlledClock
) -> None:
    before = set(threading.enumerate())
    runs.hanging = {"acme", "zebra"}
    pool = pool_of(runs, clock, max_in_flight=2)

    def threads_once_submitted(job: PollJob) -> int:
        pool.submit(job, 0)
        return len(set(threading.enumerate()) - before)

    for times in (1, 2):
        assert threads_once_submitted(BROKEN) == 1
        assert runs.wait_until_idle(after=times)
    assert [threads_once_submitted(job) for job in (ACME, ZEBRA, BROKEN)] == [1, 2, 2]

    pool.shutdown()
    runs.release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced_until_too_many_have(
    runs: Runs, clock: ControlledClock
) -> None:
    before = set(threading.enumerate())
    worn_out = []
    pool = pool_of(runs, clock, give_way=dying)
    for _ in range(4):
        pool.submit(ACME, 0)
        for thread in set(threading.enumerate()) - before:
            thread.join(GENEROUS)
        pool.mend()
        worn_out.append(pool.is_worn_out)

    pool.shutdown()
    pool.mend()
    assert worn_out == [False, False, False, True]
    assert pool.problems() == []


def dying() -> None:
    raise SystemExit
