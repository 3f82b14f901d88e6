from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import FailureReason, Poll
from exporter.polling.budget import CallBudget
from tests.clock import ControlledClock
from tests.polling.bench import DAY, HOUR, MINUTE, Bench

SLOT = 300.0


def most_in_any_day(moments: list[float]) -> int:
    return max(sum(start <= moment < start + DAY for moment in moments) for start in moments)


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_no_24_hours_see_more_calls_than_the_limit_whoever_makes_them(
    bench: Bench, limit: int
) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, acme.add_container().container_id)
    bench.set_polling(call_budget=limit)

    for _ in range(50 * 6):
        for poll in Poll:
            bench.poll(acme, poll)
        bench.clock.advance(10 * MINUTE)

    moments = [call.monotonic for call in bench.calls(acme)]
    assert most_in_any_day(moments) == limit
    assert limit * 2 <= len(moments) <= limit * 3


def test_a_spent_budget_fails_each_poll_and_stops_no_other_account(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.track(acme, acme.add_container().container_id)
    bench.set_polling(call_budget=1)
    bench.poll(acme, Poll.QUOTA)

    for poll in Poll:
        assert not bench.poll(acme, poll)
        assert bench.failure(acme, poll) is FailureReason.BUDGET

    assert len(bench.calls(acme)) == bench.poller.calls_24h("acme") == 1
    assert bench.poller.calls_24h("zebra") == 0
    assert bench.poll(zebra, Poll.QUOTA)


def test_a_spent_budget_frees_again_within_5_minutes_after_24_hours(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.set_polling(call_budget=1)
    bench.poll(acme, Poll.QUOTA)

    bench.clock.advance(DAY - 1)
    assert not bench.poll(acme, Poll.QUOTA)
    bench.clock.advance(SLOT + 1)
    assert bench.poll(acme, Poll.QUOTA)


def test_a_call_that_fails_is_spent_too(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.withdraw("threads_basic")

    bench.poll(acme, Poll.QUOTA)

    assert bench.poller.calls_24h("acme") == len(bench.calls(acme)) == 5


def test_the_budget_outlives_a_reload_and_a_new_token(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, Poll.QUOTA)

    bench.rotate(acme, "sim-token-acme-2")
    bench.set_polling(call_budget=1)

    assert not bench.poll(acme, Poll.QUOTA)
    assert bench.failure(acme, Poll.QUOTA) is FailureReason.BUDGET


def test_what_is_spent_is_counted_per_owner_and_leaves_after_a_day(
    clock: ControlledClock,
) -> None:
    budget = CallBudget(clock, limit=3)
    assert budget.spent("acme") == 0
    spends = [budget.spend("acme") for _ in range(5)]
    clock.advance(HOUR)

    assert spends == [True, True, True, False, False]
    assert budget.spent("acme") == 3
    assert budget.spent("zebra") == 0
    clock.advance(DAY)
    assert budget.spent("acme") == 0


def test_a_lower_limit_holds_for_what_was_spent_before(clock: ControlledClock) -> None:
    budget = CallBudget(clock, limit=3)
    budget.spend("acme")
    budget.spend("acme")

    budget.limit = 2

    assert not budget.spend("acme")


def test_the_counts_of_removed_owners_go(clock: ControlledClock) -> None:
    budget = CallBudget(clock, limit=3)
    budget.spend("acme")
    budget.spend("zebra")

    budget.adopt(["zebra"])

    assert budget.spent("acme") == 0
    assert budget.spent("zebra") == 1


def test_nothing_may_be_spent_before_a_limit_is_set(clock: ControlledClock) -> None:
    assert not CallBudget(clock).spend("acme")


@given(
    limit=st.integers(1, 4),
    waits=st.lists(st.sampled_from([0.0, 1.0, 299.0, 301.0, 4000.0, 43_200.0, 90_000.0])),
)
def test_however_calls_are_spread_no_24_hours_see_too_many(limit: int, waits: list[float]) -> None:
    clock = ControlledClock()
    budget = CallBudget(clock, limit)
    moments: list[float] = []
    for wait in waits:
        clock.advance(wait)
        since = [moment for moment in moments if clock.monotonic() - moment < DAY]
        before = [moment for moment in moments if clock.monotonic() - moment <= DAY + SLOT]
        if budget.spend("acme"):
            moments.append(clock.monotonic())
            assert len(since) < limit
        else:
            assert len(before) >= limit
        assert len(since) <= budget.spent("acme") <= limit


def test_a_clock_that_stands_still_frees_nothing(clock: ControlledClock) -> None:
    budget = CallBudget(clock, limit=1000)

    spent = next(number for number in count() if not budget.spend("acme"))

    assert spent == 1000


@pytest.mark.parametrize("calls", [255, 256, 1000])
def test_every_call_of_five_minutes_is_counted_and_leaves_with_them(calls: int) -> None:
    clock = ControlledClock()
    budget = CallBudget(clock, limit=10_000)

    for _ in range(calls):
        budget.spend("acme")
    clock.advance(DAY)
    before = budget.spent("acme")
    clock.advance(SLOT)

    assert (before, budget.spent("acme")) == (calls, 0)
