import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import Poll, PollJob
from exporter.scheduling.plan import PollPlan, next_in_phase, phase_of

MINUTE = 60.0
ACME: PollJob = (Poll.QUOTA, "acme")
ZEBRA: PollJob = (Poll.TOKEN, "zebra")
PHASE = phase_of("quota acme", MINUTE)


def planned(*jobs: PollJob) -> PollPlan:
    """Return a plan of these jobs, each a minute apart, whose first runs at 0 were taken."""
    plan = PollPlan()
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
    plan = PollPlan()

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
    plan = PollPlan()

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


def test_what_is_added_is_due_now_unless_it_is_planned() -> None:
    plan = planned(ACME)

    plan.add(ZEBRA, MINUTE, 7)
    plan.add(ACME, MINUTE, 7)

    assert plan.take_due(7) == [(ZEBRA, 7)]
