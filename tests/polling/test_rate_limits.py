from email.utils import formatdate

import pytest

from exporter.domain import (
    Endpoint,
    FailureReason,
    PausedScope,
    Poll,
    PollResult,
    TokenInvalidReason,
    UsageResource,
)
from exporter.simulator.faults import (
    Canned,
    Fault,
    app_usage,
    business_usage,
    retry_after,
    too_many_requests,
)
from exporter.simulator.graph import (
    APP_LIMIT,
    APP_USER_LIMIT,
    BLOCKED,
    BUSINESS_LIMIT,
    CUSTOM_LIMIT,
    RESTRICTED_ACTIVITY,
    USER_LIMIT,
    USER_RESTRICTED,
    GraphError,
)
from tests.polling.bench import HOUR, MINUTE, Bench

QUOTA, TOKEN, CONTAINER = Poll.QUOTA, Poll.TOKEN, Poll.CONTAINER

OF_THE_APP = [APP_LIMIT, APP_USER_LIMIT]
OF_THE_ACCOUNT = [
    USER_LIMIT,
    GraphError(32, "(#32) Page request limit reached"),
    CUSTOM_LIMIT,
    BUSINESS_LIMIT,
    too_many_requests(),
]
RESTRICTIONS = [RESTRICTED_ACTIVITY, BLOCKED, USER_RESTRICTED]


@pytest.mark.parametrize("fault", OF_THE_APP)
def test_a_limit_of_the_app_stops_the_accounts_that_share_it_and_no_others(
    bench: Bench, fault: Fault
) -> None:
    acme, zebra = bench.add_account("acme", app="one"), bench.add_account("zebra", app="one")
    other = bench.add_account("other", app="two")
    bench.world.inject(fault, times=1)

    assert not bench.poll(acme, QUOTA)
    assert not bench.poll(zebra, QUOTA)
    assert not bench.poll(acme, TOKEN)

    assert len(bench.calls(acme)) == 1
    assert bench.calls(zebra) == ()
    assert bench.failure(acme, QUOTA) is FailureReason.RATE_LIMITED
    assert bench.failure(zebra, QUOTA) is FailureReason.RATE_LIMITED
    assert bench.pause(zebra) == bench.pause(acme) > 0
    assert bench.poll(other, QUOTA)
    assert bench.pause(other) == 0


@pytest.mark.parametrize("fault", OF_THE_ACCOUNT)
def test_a_limit_of_the_account_stops_all_its_calls_and_no_others(
    bench: Bench, fault: Fault
) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    zebra = bench.add_account("zebra")
    bench.world.inject(fault, token=acme.token.value, times=1)

    for poll in Poll:
        assert not bench.poll(acme, poll)
        assert bench.failure(acme, poll) is FailureReason.RATE_LIMITED

    assert len(bench.calls(acme)) == 1
    assert 30 <= bench.pause(acme) <= 60
    assert bench.poll(zebra, QUOTA)
    assert bench.pause(zebra) == 0


@pytest.mark.parametrize("fault", RESTRICTIONS)
def test_a_restriction_is_no_rate_limit_and_rests_the_account_for_an_hour(
    bench: Bench, fault: Fault
) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.world.inject(fault, token=acme.token.value)

    assert not bench.poll(acme, QUOTA)
    assert bench.failure(acme, QUOTA) is FailureReason.RESTRICTED
    assert bench.pause(acme) == HOUR
    assert bench.poll(zebra, QUOTA)

    bench.poll_each_minute(acme, QUOTA, minutes=60)
    assert len(bench.calls(acme)) == 1
    assert bench.seen(acme).polls[QUOTA].failures == {FailureReason.RESTRICTED: 61}
    bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 2


@pytest.mark.parametrize("fault", RESTRICTIONS)
def test_a_restriction_rests_the_account_for_as_long_as_meta_says(
    bench: Bench, fault: Fault
) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(fault)
    bench.world.inject(retry_after("7200"))

    bench.poll(acme, QUOTA)

    assert bench.pause(acme) == 2 * HOUR


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (retry_after("120"), 120),
        (retry_after("0"), 1),
        (retry_after(formatdate(1_790_000_000 + 240, usegmt=True)), 240),
        (business_usage({"1": [{"estimated_time_to_regain_access": 3}]}), 180),
        (business_usage({"1": [{"estimated_time_to_regain_access": 100_000}]}), 24 * HOUR),
    ],
)
@pytest.mark.parametrize("limit", [BUSINESS_LIMIT, APP_LIMIT])
def test_the_wait_that_meta_names_is_kept_to_the_second(
    bench: Bench, limit: Fault, headers: Fault, wait: float
) -> None:
    acme = bench.add_account("acme")
    limits = [bench.world.inject(limit), bench.world.inject(headers)]

    bench.poll(acme, QUOTA)
    assert bench.pause(acme) == wait
    for injection in limits:
        injection.clear()

    bench.clock.advance(wait - 0.5)
    assert not bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 1

    bench.clock.advance(0.5)
    assert bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 2


def test_without_a_named_wait_the_back_off_grows_to_an_hour(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(USER_LIMIT)

    for ceiling in (60, 120, 240, 480, 960, 1920, 3600, 3600, 3600):
        bench.poll(acme, QUOTA)
        assert ceiling / 2 <= bench.pause(acme) <= ceiling
        bench.clock.advance(ceiling)


def test_an_answer_ends_the_back_off(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(USER_LIMIT, times=3)
    for _ in range(3):
        bench.poll(acme, QUOTA)
        bench.clock.advance(HOUR)
    assert bench.poll(acme, QUOTA)

    bench.world.inject(USER_LIMIT, times=1)
    bench.poll(acme, QUOTA)

    assert 30 <= bench.pause(acme) <= 60


def test_an_answer_to_a_call_from_before_does_not_end_a_pause(bench: Bench) -> None:
    acme = bench.add_account("acme")

    with bench.answers_held_back(acme, TOKEN) as answer:
        bench.world.inject(USER_LIMIT, times=1)
        bench.poll(acme, QUOTA)
        assert answer()

    assert bench.pause(acme) > 0
    assert not bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 2


def test_refusals_of_calls_that_began_together_are_one_strike(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")

    with bench.answers_held_back(acme, QUOTA) as answer:
        bench.world.inject(APP_LIMIT, times=1)
        bench.poll(zebra, QUOTA)
        until = bench.seen(zebra).paused_until
        answer()
    bench.clock.advance(60)
    bench.world.inject(APP_LIMIT, times=1)
    bench.poll(zebra, QUOTA)

    assert bench.seen(zebra).paused_until != until
    assert 60 <= bench.pause(zebra) <= 120


def test_a_refused_call_spends_no_budget(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(USER_LIMIT)

    bench.poll_each_minute(acme, QUOTA, minutes=1)
    spent = bench.poller.calls_24h("acme")
    bench.poll(acme, QUOTA)
    bench.poll(acme, QUOTA)

    assert spent == 1
    assert bench.poller.calls_24h("acme") == len(bench.calls(acme))


def test_metas_usage_headers_are_shown_as_shares(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(app_usage({"call_count": 144, "total_time": 25, "total_cputime": 0}))
    bench.poll(acme, QUOTA)

    bench.world.clear_faults()
    bench.poll(acme, QUOTA)

    reading = bench.seen(acme).usage_reading
    assert reading is not None
    assert reading.ratios == {
        UsageResource.CALL_COUNT: 1.44,
        UsageResource.TOTAL_TIME: 0.25,
        UsageResource.TOTAL_CPUTIME: 0.0,
    }


def test_near_its_limit_an_account_is_asked_for_its_quotas_alone(bench: Bench) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    zebra = bench.add_account("zebra")
    near = bench.world.inject(business_usage({"1": [{"call_count": 80}]}), token=acme.token.value)
    for poll in Poll:
        bench.poll(acme, poll)
    assert len(bench.endpoints(acme)) == 3
    before = bench.seen(acme).polls
    bench.clock.advance(MINUTE)

    assert bench.poller.run("acme", TOKEN) is PollResult.NOTHING_DUE
    assert bench.poller.run("acme", CONTAINER) is PollResult.NOTHING_DUE
    assert bench.poll(zebra, TOKEN)
    assert bench.endpoints(acme) == []
    assert bench.seen(acme).polls == before
    assert bench.pause(acme) == 0
    assert bench.poll(acme, QUOTA)

    near.clear()
    bench.world.inject(business_usage({"1": [{"call_count": 79}]}))
    bench.poll(acme, QUOTA)
    assert bench.poller.run("acme", TOKEN) is PollResult.ANSWERED


def test_near_its_limit_an_account_with_a_dead_token_is_tried_once_an_hour(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.poll(acme, TOKEN)
    acme.revoke_token()
    bench.world.inject(app_usage({"call_count": 80}))
    bench.poll(acme, QUOTA)
    bench.endpoints(acme)

    for _ in range(61):
        bench.poll(zebra, QUOTA)
        bench.poll_each_minute(acme, QUOTA, TOKEN, minutes=1)

    assert [call.endpoint for call in bench.calls(acme)] == [Endpoint.DEBUG_TOKEN]


@pytest.mark.parametrize(
    ("usage", "wait", "of_app"),
    [
        (app_usage({"total_time": 95}), 900, True),
        (business_usage({"1": [{"total_cputime": 95}]}), 900, False),
        (
            business_usage({"1": [{"call_count": 99, "estimated_time_to_regain_access": 7}]}),
            420,
            False,
        ),
    ],
)
def test_at_its_limit_a_scope_makes_no_calls_until_access_is_regained(
    bench: Bench, usage: Fault, wait: float, *, of_app: bool
) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.world.inject(usage, times=1)

    assert bench.poll(acme, QUOTA)

    assert bench.pause(acme) == wait
    assert not bench.poll(acme, QUOTA)
    assert bench.poll(zebra, QUOTA) is not of_app
    bench.clock.advance(wait)
    assert bench.poll(acme, QUOTA)
    assert bench.poller.paused_scopes() == dict.fromkeys(PausedScope, 0)


def test_usage_that_cannot_be_read_is_counted_and_changes_nothing(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(app_usage("[" * 60_000))

    assert bench.poll(acme, QUOTA)
    assert bench.poll(acme, TOKEN)

    assert bench.recorder.unreadable == 2
    assert bench.seen(acme).usage_reading is None


def test_after_a_pause_of_the_app_one_account_goes_first(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.world.inject(APP_LIMIT, times=1)
    bench.world.inject(retry_after("60"), times=1)
    bench.poll(acme, QUOTA)
    assert bench.poller.paused_scopes() == {**dict.fromkeys(PausedScope, 0), PausedScope.APP: 1}
    bench.clock.advance(60)

    with bench.answers_held_back(acme, QUOTA) as answer:
        assert not bench.poll(zebra, QUOTA)
        assert bench.failure(zebra, QUOTA) is FailureReason.RATE_LIMITED
        assert answer()

    assert bench.calls(zebra) == ()
    assert bench.poll(zebra, QUOTA)


@pytest.mark.parametrize("budget", [0, 100])
def test_a_first_call_that_fails_otherwise_leaves_its_turn_to_another(
    bench: Bench, budget: int
) -> None:
    acme, zebra, other = (bench.add_account(name) for name in ("acme", "zebra", "other"))
    bench.world.inject(APP_LIMIT, times=1)
    bench.poll(acme, QUOTA)
    bench.clock.advance(60)
    bench.world.inject(Canned(502), token=acme.token.value)
    bench.set_polling(call_budget=budget or 1)
    bench.poll(acme, QUOTA)

    bench.set_polling(call_budget=100)
    with bench.answers_held_back(zebra, QUOTA) as answer:
        assert not bench.poll(other, QUOTA)
        assert answer()
    assert bench.poll(other, QUOTA)


def test_the_errors_that_an_account_meets_are_counted(bench: Bench) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    bench.world.inject(Canned(500), times=2)
    bench.world.inject(USER_LIMIT, endpoint=Endpoint.DEBUG_TOKEN)

    for poll in (QUOTA, CONTAINER, TOKEN):
        bench.poll(acme, poll)

    counts = {error.name: count for error, count in bench.seen(acme).errors.items()}
    assert counts == {"http_server_error": 2, "user_rate_limit": 1}


def test_a_limit_says_nothing_of_the_token(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()
    bench.poll(acme, QUOTA)
    bench.world.inject(USER_LIMIT)
    bench.clock.advance(HOUR + MINUTE)

    bench.poll(acme, TOKEN)

    assert bench.seen(acme).token.invalid_reason is TokenInvalidReason.REVOKED
