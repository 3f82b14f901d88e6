from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.scheduling.trigger import PhasedTrigger, phase_of


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
    key=st.text(),
    now=st.floats(0, 1e8),
    ago=st.none() | st.floats(0, 1e6),
)
def test_the_next_run_is_in_phase_and_soon_enough(
    interval: float, key: str, now: float, ago: float | None
) -> None:
    phase = phase_of(key, interval)
    previous = None if ago is None else now - ago
    moment = fires(PhasedTrigger(interval, phase), previous, now)

    earliest = now if previous is None else max(now, previous + interval / 2)
    assert -1e-5 <= moment - earliest <= interval + 1e-5
    periods = (at(moment).timestamp() - phase) / interval
    assert abs(periods - round(periods)) * interval < 1e-4


def test_ten_thousand_phases_are_spread_evenly() -> None:
    phases = [phase_of(f"quota account-{number:06}", 60) for number in range(10_000)]

    assert all(0 <= phase < 60 for phase in phases)
    per_second = Counter(map(int, phases))
    assert len(per_second) == 60
    assert 110 <= min(per_second.values()) <= max(per_second.values()) <= 225


def test_a_job_has_the_same_phase_each_time_and_another_poll_has_another() -> None:
    assert phase_of("quota acme", 60) == phase_of("quota acme", 60)
    assert phase_of("quota acme", 3600) == pytest.approx(60 * phase_of("quota acme", 60))
    assert phase_of("quota acme", 60) != phase_of("token acme", 60)
