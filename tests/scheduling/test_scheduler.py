import threading
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from structlog.testing import capture_logs

from exporter.clock import Clock, SystemClock
from exporter.config.settings import PollingSettings
from exporter.domain import Poll, PollJob
from exporter.scheduling.right_of_way import LONGEST_WAIT_SECONDS, RightOfWay
from exporter.scheduling.scheduler import PollScheduler
from exporter.scheduling.waiting import WaitingPolls
from tests.clock import ControlledClock
from tests.scheduling.runs import GENEROUS, Runs

HOUR = 3600.0
DAY = 24 * HOUR
OFTEN = 0.1
ACME: PollJob = (Poll.QUOTA, "acme")
ZEBRA: PollJob = (Poll.TOKEN, "zebra")
MakeScheduler = Callable[..., PollScheduler]


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def started(runs: Runs) -> Iterator[MakeScheduler]:
    schedulers: list[PollScheduler] = []

    def start(
        max_in_flight: int = 1,
        clock: Clock | None = None,
        give_way: Callable[[], object] = lambda: None,
    ) -> PollScheduler:
        scheduler = PollScheduler(
            runs.run,
            waiting=WaitingPolls(max_in_flight, give_way=give_way),
            observer=runs,
            clock=clock or SystemClock(),
        )
        scheduler.start()
        schedulers.append(scheduler)
        return scheduler

    yield start
    runs.release.set()
    for scheduler in schedulers:
        scheduler.stop()


def test_a_planned_poll_runs_at_once(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()

    scheduler.plan({ACME: HOUR})

    assert runs.next() == ACME
    assert runs.lags.get(timeout=GENEROUS)[0] is Poll.QUOTA


def test_what_was_planned_before_the_start_runs_at_the_start(runs: Runs) -> None:
    scheduler = PollScheduler(runs.run, waiting=WaitingPolls(1), observer=runs, clock=SystemClock())
    scheduler.plan({ACME: HOUR, ZEBRA: HOUR})
    assert runs.polled.empty()

    scheduler.start()

    assert {runs.next(), runs.next()} == {ACME, ZEBRA}
    scheduler.stop()


def test_while_something_urgent_runs_a_poll_waits_for_a_moment_with_its_start(
    runs: Runs, started: MakeScheduler
) -> None:
    right_of_way = RightOfWay()
    scheduler = started(give_way=right_of_way.give)

    with right_of_way.taken():
        scheduler.plan({ACME: HOUR})
        assert runs.next() == ACME

    assert runs.lags.get(timeout=GENEROUS)[1] >= LONGEST_WAIT_SECONDS


def test_a_poll_runs_again_and_again(runs: Runs, started: MakeScheduler) -> None:
    started().plan({ACME: OFTEN})

    assert [runs.next() for _ in range(4)] == [ACME] * 4


def test_a_new_plan_runs_what_is_new_in_it_and_no_more(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()
    scheduler.plan({ACME: HOUR})
    assert runs.wait_until_idle(after=1)

    scheduler.plan({ACME: HOUR, ZEBRA: HOUR})
    assert runs.wait_until_idle(after=2)
    scheduler.run_now(ZEBRA)

    assert runs.wait_until_idle(after=3)
    assert (runs.count(ACME), runs.count(ZEBRA)) == (1, 2)


def test_what_is_not_in_the_new_plan_runs_no_more(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()
    scheduler.plan({ACME: HOUR, ZEBRA: HOUR})
    assert runs.wait_until_idle(after=2)

    scheduler.plan({ZEBRA: HOUR})
    scheduler.run_now(ACME)
    scheduler.run_now(ZEBRA)

    assert runs.wait_until_idle(after=3)
    assert (runs.count(ACME), runs.count(ZEBRA)) == (1, 2)


def test_another_interval_begins_with_a_run(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()
    scheduler.plan({ACME: HOUR})
    runs.next()

    scheduler.plan({ACME: OFTEN})

    assert [runs.next() for _ in range(3)] == [ACME] * 3


def test_a_poll_runs_now_when_it_is_asked_for(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()
    scheduler.plan({ACME: HOUR})
    assert runs.wait_until_idle(after=1)

    scheduler.run_now(ACME)

    assert runs.wait_until_idle(after=2)


def test_a_poll_that_is_to_run_soon_runs_once_for_all_who_ask(
    runs: Runs, started: MakeScheduler
) -> None:
    scheduler = started()
    scheduler.plan({ACME: HOUR})
    assert runs.wait_until_idle(after=1)

    for _ in range(3):
        scheduler.run_within(0.1, {ACME: HOUR, ZEBRA: HOUR})

    assert runs.wait_until_idle(after=3)
    assert (runs.count(ACME), runs.count(ZEBRA)) == (2, 1)


def test_a_poll_without_an_answer_is_put_off_and_after_an_answer_by_little_again(
    runs: Runs, started: MakeScheduler
) -> None:
    clock = ControlledClock()
    job = (Poll.QUOTA, "early")  # in its day
    scheduler = started(clock=clock)
    scheduler.plan({job: DAY})
    assert runs.wait_until_idle(after=1)

    answered = [False] * 6 + [True, False]
    for number, is_answered in enumerate(answered, 2):
        runs.unanswered = set() if is_answered else {job[1]}
        scheduler.run_now(job)
        assert runs.wait_until_idle(after=number)

    clock.advance(2 * DAY)
    put_off = DAY - scheduler.overdue_seconds()
    assert 0 <= put_off <= 30


def test_an_exception_in_a_poll_ends_neither_its_job_nor_its_worker(
    runs: Runs, started: MakeScheduler
) -> None:
    scheduler = started()

    with capture_logs() as logs:
        scheduler.plan({(Poll.QUOTA, "broken"): HOUR, ACME: HOUR})
        assert runs.wait_until_idle(after=2)
        scheduler.run_now((Poll.QUOTA, "broken"))
        assert runs.wait_until_idle(after=3)

    assert runs.count((Poll.QUOTA, "broken")) == 2
    assert runs.count(ACME) == 1
    assert [log["account"] for log in logs] == ["broken", "broken"]


def test_ten_hanging_accounts_of_thirty_delay_no_other(runs: Runs, started: MakeScheduler) -> None:
    accounts = [f"account-{number}" for number in range(30)]
    runs.hanging = set(accounts[:10])
    scheduler = started(PollingSettings().max_in_flight)

    scheduler.plan({(Poll.QUOTA, account): OFTEN for account in accounts})

    assert runs.wait_for_each({(Poll.QUOTA, account) for account in accounts[10:]}, times=5)
    assert [runs.count((Poll.QUOTA, account)) for account in accounts[:10]] == [1] * 10
    assert scheduler.oldest_run_seconds() > 0


def test_upkeep_runs_beside_the_polls_even_when_all_of_these_hang(
    runs: Runs, started: MakeScheduler
) -> None:
    scheduler = started()
    runs.hanging = {"acme"}
    scheduler.plan({ACME: HOUR})
    runs.next()
    beaten = Event()

    scheduler.every(OFTEN, "heartbeat", beaten.set)

    assert beaten.wait(GENEROUS)
    beaten.clear()
    assert beaten.wait(GENEROUS)
    assert not runs.release.is_set()


def test_an_account_may_be_called_like_an_upkeep_task(runs: Runs, started: MakeScheduler) -> None:
    scheduler = started()
    refreshed = Event()
    scheduler.every(OFTEN, "token files", refreshed.set)

    scheduler.plan({(Poll.TOKEN, "files"): HOUR})

    assert runs.next() == (Poll.TOKEN, "files")
    refreshed.clear()
    assert refreshed.wait(GENEROUS)


def test_a_step_of_the_wall_clock_is_noticed_once(started: MakeScheduler) -> None:
    clock = ControlledClock()
    scheduler = started(clock=clock)

    clock.advance(HOUR)
    assert not scheduler.follow_clock()
    clock.set_wall(clock.wall() - HOUR)
    assert scheduler.follow_clock()
    assert not scheduler.follow_clock()
    clock.set_wall(clock.wall() + HOUR)
    assert scheduler.follow_clock()


def test_a_clock_that_is_slewed_is_noticed_a_second_off(started: MakeScheduler) -> None:
    clock = ControlledClock()
    scheduler = started(clock=clock)

    noticed = []
    for _ in range(9):
        clock.set_wall(clock.wall() + 0.25)
        noticed.append(scheduler.follow_clock())

    assert noticed == [False, False, False, True, False, False, False, True, False]


class SteppedClock(SystemClock):
    """The system's clock, whose wall time a test may step."""

    step = 0.0

    def wall(self) -> float:
        return super().wall() + self.step


def test_the_plan_goes_on_after_the_clock_was_set(runs: Runs, started: MakeScheduler) -> None:
    clock = SteppedClock()
    scheduler = started(clock=clock)
    scheduler.plan({ACME: OFTEN, ZEBRA: HOUR})
    assert {runs.next(), runs.next()} == {ACME, ZEBRA}

    clock.step = -HOUR
    assert scheduler.follow_clock()

    assert [runs.next() for _ in range(3)] == [ACME] * 3


def test_after_the_stop_nothing_runs(runs: Runs) -> None:
    scheduler = PollScheduler(runs.run, waiting=WaitingPolls(1), observer=runs, clock=SystemClock())
    scheduler.start()
    runs.hanging = {"acme"}
    scheduler.plan({ACME: HOUR})
    assert runs.next() == ACME
    scheduler.plan({ACME: HOUR, ZEBRA: HOUR})

    scheduler.stop()
    runs.release.set()

    for worker in (thread for thread in threading.enumerate() if thread.name.startswith("poll_")):
        worker.join(GENEROUS)
        assert not worker.is_alive()
    assert runs.wait_until_idle(after=1)
    assert runs.polled.empty()


def test_a_poll_that_is_due_and_not_started_is_overdue(runs: Runs) -> None:
    clock = ControlledClock()
    scheduler = PollScheduler(runs.run, waiting=WaitingPolls(1), observer=runs, clock=clock)
    assert scheduler.overdue_seconds() == 0

    scheduler.plan({ACME: HOUR})
    clock.advance(70)

    assert scheduler.overdue_seconds() == 70
