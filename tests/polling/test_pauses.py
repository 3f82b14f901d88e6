import pytest

from exporter.domain import FailureReason
from exporter.polling.pauses import Pauses
from tests.clock import ControlledClock
from tests.polling.bench import seeded

SEED = 7
LIMITED, RESTRICTED = FailureReason.RATE_LIMITED, FailureReason.RESTRICTED


@pytest.fixture
def pauses(clock: ControlledClock) -> Pauses:
    return Pauses(clock, seeded(SEED))


def test_a_scope_is_not_paused_before_it_is(pauses: Pauses) -> None:
    assert pauses.remaining("account acme", "app main") == 0


def test_the_back_off_is_jittered_over_the_upper_half_of_its_ceiling(
    pauses: Pauses, clock: ControlledClock
) -> None:
    random = seeded(SEED)
    for ceiling in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        expected = ceiling / 2 + random.uniform(0, ceiling / 2)
        assert pauses.impose("app main", LIMITED, None) == pytest.approx(expected)
        assert pauses.remaining("app main") == pytest.approx(expected)
        clock.advance(ceiling)
    assert pauses.remaining("app main") == 0


def test_the_longest_of_the_pauses_counts(pauses: Pauses) -> None:
    pauses.impose("app main", LIMITED, 20.0)
    pauses.impose("account acme", LIMITED, 50.0)

    assert pauses.remaining("account acme", "app main") == 50
    assert pauses.remaining("account zebra", "app main") == 20


def test_a_refusal_during_a_pause_is_no_new_strike(pauses: Pauses, clock: ControlledClock) -> None:
    first = pauses.impose("app main", LIMITED, None)
    for _ in range(30):
        assert pauses.impose("app main", LIMITED, None) == first
    clock.advance(60)

    assert 60 <= pauses.impose("app main", LIMITED, None) <= 120


def test_a_longer_named_wait_lengthens_a_pause_and_a_shorter_one_does_not(pauses: Pauses) -> None:
    pauses.impose("app main", LIMITED, 100.0)

    assert pauses.impose("app main", LIMITED, 300.0) == 300
    assert pauses.impose("app main", LIMITED, 10.0) == 300


def test_thousands_of_strikes_still_end_in_an_hour(pauses: Pauses, clock: ControlledClock) -> None:
    for _ in range(5000):
        pauses.impose("app main", LIMITED, 1.0)
        clock.advance(1)

    assert 1800 <= pauses.impose("app main", LIMITED, None) <= 3600


def test_a_pause_that_is_on_is_not_forgotten(pauses: Pauses, clock: ControlledClock) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    pauses.impose("account acme", LIMITED, 10.0)
    clock.advance(10)

    pauses.leave("app main", "account acme", "account never-paused", went_through=True)

    assert pauses.remaining("app main") == 90
    assert 30 <= pauses.impose("account acme", LIMITED, None) <= 60


def test_after_a_pause_one_call_goes_first_and_the_others_wait_for_how_it_ends(
    pauses: Pauses, clock: ControlledClock
) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    clock.advance(100)

    assert pauses.enter("account acme", "app main") is None
    assert pauses.enter("account zebra", "app main") is LIMITED
    assert pauses.enter("account other", "app other") is None

    pauses.leave("account acme", "app main", went_through=True)
    assert pauses.enter("account zebra", "app main") is None
    assert pauses.enter("account acme", "app main") is None


def test_a_first_call_that_does_not_get_through_leaves_its_turn_to_another(
    pauses: Pauses, clock: ControlledClock
) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    clock.advance(100)
    pauses.enter("account acme", "app main")

    pauses.leave("account acme", "app main", went_through=False)

    assert pauses.enter("account zebra", "app main") is None
    assert pauses.enter("account acme", "app main") is LIMITED


def test_who_may_not_call_takes_nobodys_turn(pauses: Pauses, clock: ControlledClock) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    pauses.impose("account acme", RESTRICTED, 200.0)
    clock.advance(100)

    assert pauses.enter("app main", "account acme") is RESTRICTED

    assert pauses.enter("app main", "account zebra") is None


def test_a_first_call_that_is_refused_begins_the_next_pause(
    pauses: Pauses, clock: ControlledClock
) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    clock.advance(100)
    pauses.enter("app main")

    assert 60 <= pauses.impose("app main", LIMITED, None) <= 120
    pauses.leave("app main", went_through=False)

    assert pauses.enter("app main") is LIMITED
    clock.advance(120)
    assert pauses.enter("app main") is None


@pytest.mark.parametrize(
    ("share", "near", "wait", "paused"),
    [
        (0.79, False, None, 0),
        (0.8, True, None, 0),
        (0.94, True, 60.0, 0),
        (0.95, True, None, 900),
        (0.95, True, 60.0, 60),
        (1.44, True, 3600.0, 3600),
    ],
)
def test_a_limit_that_is_nearly_used_up_slows_down_and_one_that_is_stops(
    pauses: Pauses, share: float, wait: float | None, paused: float, *, near: bool
) -> None:
    pauses.heed_usage("app main", share, wait)

    assert pauses.is_near_limit("account acme", "app main") is near
    assert pauses.remaining("account acme", "app main") == paused
    assert not pauses.is_near_limit("app other")


def test_a_limit_is_near_until_meta_tells_less_or_nothing_for_long(
    pauses: Pauses, clock: ControlledClock
) -> None:
    pauses.heed_usage("app main", 0.9, None)
    pauses.heed_usage("app other", 0.9, None)
    clock.advance(899)
    pauses.heed_usage("app main", 0.5, None)

    assert not pauses.is_near_limit("app main")
    assert pauses.is_near_limit("app other")
    clock.advance(1)
    assert not pauses.is_near_limit("app other")


def test_the_paused_are_those_that_may_not_call_now(pauses: Pauses, clock: ControlledClock) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    pauses.impose("account acme", RESTRICTED, 200.0)

    assert pauses.paused() == ["app main", "account acme"]
    clock.advance(100)
    assert pauses.paused() == ["account acme"]


def test_a_pause_has_the_reason_that_began_it(pauses: Pauses, clock: ControlledClock) -> None:
    pauses.impose("account acme", RESTRICTED, 100.0)
    pauses.impose("account acme", LIMITED, 50.0)
    pauses.impose("app main", LIMITED, 200.0)

    assert pauses.enter("account acme", "app main") is RESTRICTED
    clock.advance(100)
    assert pauses.enter("account acme", "app main") is LIMITED
    clock.advance(100)
    assert pauses.enter("account acme", "app main") is None


def test_the_pauses_of_removed_scopes_go(pauses: Pauses) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    pauses.impose("account acme", LIMITED, 100.0)
    pauses.heed_usage("app main", 0.9, None)
    pauses.heed_usage("account acme", 0.9, None)

    pauses.keep_only({"account acme"})

    assert not pauses.is_near_limit("app main")
    assert pauses.is_near_limit("account acme")
    assert pauses.remaining("app main") == 0
    assert pauses.remaining("account acme") == 100
