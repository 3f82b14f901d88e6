import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import Poll, PollJob
from exporter.scheduling.plan import PollPlan, longest_back_off, next_in_phase, phase_of

MINUTE = 60.0
ACME: PollJob = (Poll.QUOTA, "acme")
ZEBRA: PollJob = (Poll.TOKEN, "zebra")
SEED = 7
PHASE = phase_of("quota acme", MINUTE)


def seeded() -> Random:
    return Random(SEED)  # noqa: S311 — jitter is no secret


def planned(*jobs: PollJob) -> PollPlan:
    """Return a plan of these jobs, each a minute apart, whose first runs at 0 were taken."""
    plan = PollPlan(seeded())
    plan.replace(dict.fromkeys(jobs, MINUTE), (), 0)
    plan.take_due(0)
    return plan


@pytest.mark.parametrize(
    ("previous", "now", "next_run"),
    [(15, 15, 75), (15, 15.2, 75), (15, 74.9, 75), (15, 75.4, 135), (15, 500, 555)],
)
def test_a_job_runs_at_one_phase_of_each_interval(
    previous: float, now: float, next_run: float
) -> None:
    assert next_in_phase(MINUTE, 15, previous, now) == next_run


@pytest.mark.parametrize(
    ("first_run", "next_run"), [(0, 75), (44, 75), (45, 75), (46, 135), (74, 135)]
)
def test_after_a_first_run_out_of_phase_half_an_interval_passes_at_least(
    first_run: float, next_run: float
) -> None:
    assert next_in_phase(MINUTE, 15, first_run, first_run) == next_run


@given(interval=st.floats(1, 86_400), key=st.text(), now=st.floats(0, 1e8), ago=st.floats(0, 1e6))
def test_the_next_run_is_in_phase_and_soon_enough(
    interval: float, key: str, now: float, ago: float
) -> None:
    phase = phase_of(key, interval)

    moment = next_in_phase(interval, phase, now - ago, now)

    earliest = max(now, now - ago + interval / 2)
    assert -1e-5 <= moment - earliest <= interval + 1e-5
    periods = (moment - phase) / interval
    assert abs(periods - round(periods)) * interval < 1e-4


def test_ten_thousand_phases_are_spread_evenly() -> None:
    phases = [phase_of(f"quota account-{number:06}", MINUTE) for number in range(10_000)]

    assert all(0 <= phase < MINUTE for phase in phases)
    per_second = Counter(map(int, phases))
    assert len(per_second) == 60
    assert 110 <= min(per_second.values()) <= max(per_second.values()) <= 225


def test_a_job_has_the_same_phase_each_time_and_another_poll_has_another() -> None:
    assert phase_of("quota acme", 60) == phase_of("quota acme", 60)
    assert phase_of("quota acme", 3600) == pytest.approx(60 * phase_of("quota acme", 60))
    assert phase_of("quota acme", 60) != phase_of("token acme", 60)


def test_what_is_new_is_due_now_and_once() -> None:
    plan = PollPlan(seeded())

    plan.replace({ACME: MINUTE, ZEBRA: MINUTE}, (), 100)

    assert plan.next_due() == 100
    assert plan.take_due(100) == [(ACME, 100), (ZEBRA, 100)]
    assert plan.take_due(100) == []


def test_a_job_is_due_again_in_its_phase() -> None:
    plan = planned(ACME)

    assert plan.next_due() == PHASE if PHASE >= MINUTE / 2 else MINUTE + PHASE
    due = plan.next_due()
    assert plan.take_due(due - 0.001) == []
    assert plan.take_due(due + 1) == [(ACME, due)]
    assert plan.next_due() == due + MINUTE


def test_missed_runs_make_one() -> None:
    plan = planned(ACME)
    due = plan.next_due()

    assert plan.take_due(due + 10 * MINUTE) == [(ACME, due)]
    assert plan.next_due() > due + 10 * MINUTE - 0.001
    assert plan.take_due(due + 10 * MINUTE - 0.001) == []


def test_a_plan_that_says_the_same_moves_nothing() -> None:
    plan = planned(ACME)
    due = plan.next_due()

    plan.replace({ACME: MINUTE}, (), 20)

    assert plan.next_due() == due


def test_what_is_to_run_at_once_is_due_now_and_not_at_its_old_time() -> None:
    plan = planned(ACME, ZEBRA)

    plan.replace({ACME: MINUTE, ZEBRA: MINUTE}, [ACME], 20)

    assert plan.take_due(20) == [(ACME, 20)]
    assert ACME not in dict(plan.take_due(20 + MINUTE / 2 - 1))


def test_what_is_new_and_to_run_at_once_runs_once() -> None:
    plan = PollPlan(seeded())

    plan.replace({ACME: MINUTE}, [ACME], 20)

    assert plan.take_due(20) == [(ACME, 20)]
    assert plan.take_due(20) == []


def test_another_interval_is_due_now() -> None:
    plan = planned(ACME)

    plan.replace({ACME: 10.0}, (), 20)

    assert plan.take_due(20) == [(ACME, 20)]
    assert plan.next_due() <= 20 + 15


def test_what_is_planned_no_more_is_never_due() -> None:
    plan = planned(ACME)

    plan.replace({}, [ACME], 20)
    plan.bring_forward(ACME, 21)

    assert plan.next_due() == math.inf
    assert plan.take_due(10 * MINUTE) == []


def test_what_is_brought_forward_is_due_once() -> None:
    plan = planned(ACME)

    plan.bring_forward(ACME, 7)
    plan.bring_forward(ACME, 8)

    assert plan.take_due(8) == [(ACME, 8)]
    assert plan.take_due(8) == []


def test_what_is_added_is_due_then_unless_it_is_before() -> None:
    plan = planned(ACME)

    plan.add(ZEBRA, MINUTE, 7)
    plan.add(ACME, MINUTE, 8)
    plan.add(ZEBRA, MINUTE, 9)
    plan.add(ACME, MINUTE, 10)

    assert plan.take_due(20) == [(ZEBRA, 7), (ACME, 8)]


def test_what_is_added_keeps_its_interval_if_it_is_planned() -> None:
    plan = planned(ACME)

    plan.add(ACME, 10.0, 7)

    assert plan.take_due(7) == [(ACME, 7)]
    assert plan.next_due() > 7 + MINUTE / 2 - 1


@pytest.mark.parametrize(
    ("interval", "longest"),
    [
        (10, [10, 10, 10]),
        (60, [30, 60, 60]),
        (3600, [30, 60, 120, 240, 480, 900, 900, 900]),
    ],
)
def test_a_back_off_doubles_up_to_an_interval_and_a_quarter_of_an_hour(
    interval: float, longest: list[float]
) -> None:
    assert [longest_back_off(number, interval) for number in range(1, len(longest) + 1)] == longest
    assert longest_back_off(100_000, interval) == longest[-1]


def test_what_failed_rests_for_an_interval_and_a_jittered_back_off() -> None:
    random = seeded()
    plan = planned(ACME)
    started = plan.next_due()

    for longest in (30, 60, 60):
        plan.take_due(started)
        plan.put_off(ACME, started, started + 5)
        due = plan.next_due()
        assert due == pytest.approx(started + MINUTE + random.uniform(0, longest))
        started = due


def test_a_failure_that_lasted_longer_than_the_interval_is_followed_by_a_rest_too() -> None:
    wait = seeded().uniform(0, 30)
    plan = planned(ACME)
    started = plan.next_due()
    plan.take_due(started)
    plan.take_due(started + MINUTE)

    plan.put_off(ACME, started, started + 110)

    assert plan.next_due() == max(started + 110 + wait, started + 2 * MINUTE)


def test_after_a_success_a_job_is_in_its_phase_and_its_next_back_off_is_short() -> None:
    plan = planned(ACME)
    for now in (100, 300, 500):
        plan.take_due(now)
        plan.put_off(ACME, now, now)
    plan.take_due(700)

    plan.forget_failures(ACME)

    assert (plan.next_due() - PHASE) % MINUTE == pytest.approx(0)
    plan.take_due(plan.next_due())
    plan.put_off(ACME, 800, 800)
    assert 860 <= plan.next_due() <= 890


def test_what_was_brought_forward_during_a_failing_run_is_not_put_off() -> None:
    plan = planned(ACME)
    plan.bring_forward(ACME, 10)

    plan.put_off(ACME, 5, 11)

    assert plan.next_due() == 10


def test_what_is_planned_no_more_is_not_put_off_and_comes_back_without_its_failures() -> None:
    plan = planned(ACME)
    for now in (100, 300, 500):
        plan.take_due(now)
        plan.put_off(ACME, now, now)

    plan.replace({}, (), 600)
    plan.put_off(ACME, 600, 600)
    assert plan.next_due() == math.inf
    plan.replace({ACME: MINUTE}, (), 700)
    plan.take_due(700)
    plan.put_off(ACME, 700, 700)

    assert 760 <= plan.next_due() <= 790


@given(st.integers(), st.floats(1, 86_400), st.lists(st.floats(0, 60), min_size=1, max_size=20))
def test_however_often_it_failed_a_job_runs_again_within_two_intervals(
    seed: int, interval: float, durations: list[float]
) -> None:
    plan = PollPlan(Random(seed))  # noqa: S311 — jitter is no secret
    plan.replace({ACME: interval}, (), 0)
    for duration in durations:
        started = plan.next_due()
        plan.take_due(started)
        ended = started + duration
        plan.take_due(ended)
        plan.put_off(ACME, started, ended)
        assert plan.next_due() > ended or plan.next_due() >= started + interval
        assert plan.next_due() <= max(started + 2 * interval, ended + interval) + 1e-6


def test_thousands_that_failed_together_do_not_come_back_together() -> None:
    jobs: list[PollJob] = [(Poll.QUOTA, f"account-{number}") for number in range(6000)]
    plan = PollPlan(seeded())
    plan.replace(dict.fromkeys(jobs, MINUTE), (), 0)
    plan.take_due(0)
    for job in jobs:
        plan.put_off(job, 0, 1)

    seconds = Counter(int(due) for _, due in plan.take_due(10 * MINUTE))

    assert set(seconds) == set(range(60, 90))
    assert max(seconds.values()) <= 400
