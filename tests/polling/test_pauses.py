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

    pauses.forget_over("app main", "account acme", "account never-paused")

    assert pauses.remaining("app main") == 90
    assert 30 <= pauses.impose("account acme", LIMITED, None) <= 60


def test_a_pause_has_the_reason_that_began_it(pauses: Pauses, clock: ControlledClock) -> None:
    pauses.impose("account acme", RESTRICTED, 100.0)
    pauses.impose("account acme", LIMITED, 50.0)
    pauses.impose("app main", LIMITED, 200.0)

    assert pauses.reason("account acme", "app main") is RESTRICTED
    clock.advance(100)
    assert pauses.reason("account acme", "app main") is LIMITED
    clock.advance(100)
    assert pauses.reason("account acme", "app main") is None


def test_the_pauses_of_removed_scopes_go(pauses: Pauses) -> None:
    pauses.impose("app main", LIMITED, 100.0)
    pauses.impose("account acme", LIMITED, 100.0)

    pauses.keep_only({"account acme"})

    assert pauses.remaining("app main") == 0
    assert pauses.remaining("account acme") == 100
