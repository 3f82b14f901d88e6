import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.containers.tracker import ContainerTracker, TrackingRules
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from exporter.observations.model import ContainerSummary
from tests.clock import ControlledClock
from tests.containers.tracking import (
    EXPIRED,
    FAILED,
    FINISHED,
    IN_PROGRESS,
    OTHER,
    PUBLISHED,
    Processed,
)

RULES = TrackingRules()


@pytest.fixture
def tracker(clock: ControlledClock, processed: Processed) -> ContainerTracker:
    return ContainerTracker(clock, processed)


def test_a_listed_container_is_pending_and_due(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    assert tracker.follow({"acme": ["1", "2"], "zebra": []}, RULES) == ["acme"]

    assert tracker.due("acme") == ["1", "2"]
    assert tracker.due("zebra") == []
    assert tracker.has_containers("acme")
    assert not tracker.has_containers("zebra")
    assert tracker.summary("acme") == ContainerSummary(
        by_status={ContainerStatus.PENDING: 2}, oldest_unfinished_at=clock.wall()
    )


def test_nothing_is_known_of_an_account_that_is_not_followed(tracker: ContainerTracker) -> None:
    tracker.answered("nobody", "1", FINISHED)
    tracker.unanswered("nobody", "1", unknown_to_meta=True)

    assert tracker.due("nobody") == ()
    assert tracker.summary("nobody") == ContainerSummary()
    assert not tracker.has_containers("nobody")
    assert not tracker.has_open("nobody")


def test_only_accounts_with_new_containers_are_returned(tracker: ContainerTracker) -> None:
    tracker.follow({"acme": ["1"], "zebra": ["2"]}, RULES)

    assert tracker.follow({"acme": ["1"], "zebra": ["2", "3"]}, RULES) == ["zebra"]
    assert tracker.follow({"acme": ["1"], "zebra": ["3"]}, RULES) == []


def test_a_container_is_due_again_a_little_before_the_interval_is_over(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1", "2"]}, RULES)
    tracker.answered("acme", "1", IN_PROGRESS)
    clock.advance(1)
    tracker.unanswered("acme", "2", unknown_to_meta=False)

    clock.advance(52.9)
    assert tracker.due("acme") == []
    clock.advance(0.1)
    assert tracker.due("acme") == ["1"]
    clock.advance(1)
    assert tracker.due("acme") == ["1", "2"]


def test_the_longest_unasked_are_due_first(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1", "2", "3"]}, RULES)
    for container_id in ("2", "1"):
        tracker.answered("acme", container_id, IN_PROGRESS)
        clock.advance(1)
    clock.advance(60)

    assert tracker.due("acme") == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (PUBLISHED, ContainerOutcome.PUBLISHED),
        (FAILED, ContainerOutcome.ERROR),
        (EXPIRED, ContainerOutcome.EXPIRED),
    ],
)
def test_a_status_that_stays_ends_a_container_once(
    tracker: ContainerTracker,
    clock: ControlledClock,
    state: ContainerState,
    outcome: ContainerOutcome,
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", state)
    tracker.answered("acme", "1", IN_PROGRESS)
    tracker.unanswered("acme", "1", unknown_to_meta=True)
    clock.advance(600)

    assert tracker.due("acme") == []
    assert not tracker.has_open("acme")
    summary = tracker.summary("acme")
    assert summary.by_status == {state.status: 1}
    assert summary.outcomes == {outcome: 1}
    assert summary.oldest_unfinished_at is None


@pytest.mark.parametrize("state", [IN_PROGRESS, OTHER])
def test_an_unfinished_container_is_given_up(
    tracker: ContainerTracker, clock: ControlledClock, state: ContainerState
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", state)

    clock.advance(299)
    assert tracker.due("acme") == ["1"]
    clock.advance(1)
    assert tracker.due("acme") == []

    assert tracker.summary("acme").outcomes == {ContainerOutcome.GAVE_UP: 1}
    assert tracker.summary("acme").by_status == {state.status: 1}


def test_a_container_that_was_never_answered_is_given_up(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    clock.advance(300)

    assert tracker.due("acme") == []
    assert tracker.summary("acme").outcomes == {ContainerOutcome.GAVE_UP: 1}
    assert tracker.summary("acme").by_status == {ContainerStatus.PENDING: 1}


def test_a_finished_container_that_nobody_publishes_is_not_given_up(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", FINISHED)
    assert tracker.summary("acme").oldest_unfinished_at is None

    clock.advance(300)

    assert tracker.due("acme") == []
    assert not tracker.has_open("acme")
    assert tracker.summary("acme").outcomes == {}
    assert tracker.summary("acme").by_status == {ContainerStatus.FINISHED: 1}


def test_a_container_unknown_to_the_end_is_lost(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1", "2"]}, RULES)
    for container_id in ("1", "2"):
        tracker.unanswered("acme", container_id, unknown_to_meta=True)
    tracker.unanswered("acme", "1", unknown_to_meta=False)
    tracker.answered("acme", "2", IN_PROGRESS)

    clock.advance(300)
    tracker.due("acme")

    assert tracker.summary("acme").outcomes == {
        ContainerOutcome.LOST: 1,
        ContainerOutcome.GAVE_UP: 1,
    }


def test_an_unlisted_container_is_removed_unless_it_has_ended(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    rules = TrackingRules(retention=100)
    tracker.follow({"acme": ["1", "2"]}, rules)
    tracker.answered("acme", "1", PUBLISHED)

    tracker.follow({"acme": []}, rules)

    summary = tracker.summary("acme")
    assert summary.by_status == {ContainerStatus.PUBLISHED: 1}
    assert summary.outcomes == {ContainerOutcome.PUBLISHED: 1, ContainerOutcome.REMOVED: 1}
    clock.advance(99)
    assert tracker.due("acme") == []
    assert tracker.has_containers("acme")
    clock.advance(1)
    assert tracker.due("acme") == []
    assert not tracker.has_containers("acme")
    assert tracker.summary("acme").outcomes == summary.outcomes


def test_an_ended_container_that_is_still_listed_does_not_begin_anew(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    rules = TrackingRules(retention=100)
    tracker.follow({"acme": ["1"]}, rules)
    tracker.answered("acme", "1", FAILED)
    clock.advance(1000)

    assert tracker.due("acme") == []
    assert tracker.follow({"acme": ["1"]}, rules) == []
    assert tracker.due("acme") == []


def test_a_removed_container_that_is_listed_again_begins_anew(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", IN_PROGRESS)
    tracker.follow({"acme": []}, RULES)
    clock.advance(100)

    assert tracker.follow({"acme": ["1"]}, RULES) == ["acme"]
    assert tracker.summary("acme").by_status == {ContainerStatus.PENDING: 1}
    assert tracker.summary("acme").oldest_unfinished_at == clock.wall()


def test_a_removed_account_is_forgotten(tracker: ContainerTracker) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", FAILED)

    tracker.follow({}, RULES)
    tracker.follow({"acme": []}, RULES)

    assert tracker.summary("acme") == ContainerSummary()


@pytest.mark.parametrize("end", [FINISHED, FAILED])
def test_processing_is_observed_once_from_registration(
    tracker: ContainerTracker,
    clock: ControlledClock,
    processed: Processed,
    end: ContainerState,
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    for state in (IN_PROGRESS, end, end, IN_PROGRESS, end, PUBLISHED):
        clock.advance(40)
        tracker.answered("acme", "1", state)

    assert processed.noted == [(end.status, 80.0)]


def test_a_container_that_is_published_unseen_was_not_seen_processing(
    tracker: ContainerTracker, processed: Processed
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.answered("acme", "1", PUBLISHED)

    assert processed.noted == []


def test_a_clock_change_moves_no_deadline(
    tracker: ContainerTracker, clock: ControlledClock, processed: Processed
) -> None:
    registered_at = clock.wall()
    tracker.follow({"acme": ["1"]}, RULES)
    clock.set_wall(registered_at + 86_400)
    clock.monotonic_time += 100

    tracker.answered("acme", "1", FINISHED)

    assert tracker.due("acme") == []
    assert processed.noted == [(ContainerStatus.FINISHED, 100.0)]


def test_the_oldest_unfinished_is_the_first_that_was_registered(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    clock.advance(10)
    tracker.follow({"acme": ["1", "2"]}, RULES)
    second = clock.wall()
    assert tracker.summary("acme").oldest_unfinished_at == second - 10

    tracker.answered("acme", "1", FINISHED)

    assert tracker.summary("acme").oldest_unfinished_at == second


def test_an_ended_container_counts_for_its_retention(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, TrackingRules(retention=100))
    tracker.answered("acme", "1", PUBLISHED)

    clock.advance(99)
    assert tracker.summary("acme").by_status == {ContainerStatus.PUBLISHED: 1}
    clock.advance(1)
    assert tracker.summary("acme").by_status == {}
    assert tracker.summary("acme").outcomes == {ContainerOutcome.PUBLISHED: 1}


def test_new_rules_hold_for_the_containers_of_before(
    tracker: ContainerTracker, clock: ControlledClock
) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    tracker.follow({"acme": ["1"]}, TrackingRules(interval=10, give_up_after=20))
    tracker.answered("acme", "1", IN_PROGRESS)

    assert tracker.interval == 10
    clock.advance(10)
    assert tracker.due("acme") == ["1"]
    clock.advance(10)
    assert tracker.due("acme") == []


def test_a_summary_is_a_picture_of_its_moment(tracker: ContainerTracker) -> None:
    tracker.follow({"acme": ["1"]}, RULES)
    before = tracker.summary("acme")

    tracker.answered("acme", "1", FAILED)

    assert before.by_status == {ContainerStatus.PENDING: 1}
    assert before.outcomes == {}
    assert before.errors == {}


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns so often that what is not locked shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_answers_from_many_threads_lose_nothing(
    tracker: ContainerTracker, processed: Processed, eager_threads: None
) -> None:
    ids = [str(number) for number in range(400)]
    tracker.follow({"acme": ids}, RULES)

    with ThreadPoolExecutor(8) as pool:
        for container_id in (item for item in ids for _ in range(4)):
            pool.submit(tracker.answered, "acme", container_id, FAILED)

    assert tracker.summary("acme").errors == {ContainerErrorMessage.INVALID_DURATION: 400}
    assert tracker.summary("acme").outcomes == {ContainerOutcome.ERROR: 400}
    assert len(processed.noted) == 400
