import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.scheduling.trigger import DueTrigger, PhasedTrigger


def at(seconds: float) -> datetime:
    """Return a moment so long after one at which every interval's phase is 0."""
    return datetime(2026, 9, 21, tzinfo=UTC) + timedelta(seconds=seconds)


def fires(trigger: PhasedTrigger, previous: float | None, now: float) -> float:
    before = None if previous is None else at(previous)
    moment = trigger.get_next_fire_time(before, at(now))
    assert moment is not None
    assert moment.tzinfo is UTC
    return (moment - at(0)).total_seconds()


@pytest.mark.parametrize(
    ("previous", "now", "next_run"),
    [
        (None, 0, 15),
        (None, 15, 15),
        (None, 15.001, 75),
        (15, 15, 75),
        (15, 15.2, 75),
        (15, 74.9, 75),
        (15, 75.4, 135),
        (15, 500, 555),
    ],
)
def test_a_poll_runs_at_one_phase_of_each_interval(
    previous: float | None, now: float, next_run: float
) -> None:
    assert fires(PhasedTrigger(60, 15), previous, now) == next_run


@pytest.mark.parametrize(
    ("first_run", "next_run"), [(0, 75), (44, 75), (45, 75), (46, 135), (74, 135)]
)
def test_after_a_first_run_out_of_phase_half_an_interval_passes_at_least(
    first_run: float, next_run: float
) -> None:
    assert fires(PhasedTrigger(60, 15), first_run, first_run) == next_run


def test_a_clock_set_back_does_not_bring_the_next_run_forward() -> None:
    trigger = PhasedTrigger(60, 15)

    assert fires(trigger, 3615, 3600) == 3675
    assert fires(trigger, None, 0) == 15


def test_a_clock_set_forward_skips_the_runs_between() -> None:
    assert fires(PhasedTrigger(60, 15), 15, 36_000) == 36_015


@given(
    interval=st.floats(1, 86_400),
    phase=st.floats(0, 1),
    now=st.floats(0, 1e8),
    ago=st.floats(0, 1e6),
)
def test_the_next_run_is_soon_enough(interval: float, phase: float, now: float, ago: float) -> None:
    moment = fires(PhasedTrigger(interval, phase * interval), now - ago, now)

    assert -1e-5 <= moment - max(now, now - ago + interval / 2) <= interval + 1e-5


@pytest.mark.parametrize(
    ("seconds_to_next", "fires_in"), [(-5, 0.02), (0, 0.02), (0.5, 0.5), (math.inf, 10)]
)
def test_a_start_is_when_something_is_due_but_not_at_every_moment(
    seconds_to_next: float, fires_in: float
) -> None:
    moment = DueTrigger(lambda: seconds_to_next).get_next_fire_time(None, at(0))

    assert moment == at(fires_in)
