from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.containers.lifecycle import LifecycleRules
from exporter.containers.record import Source
from exporter.containers.registry import (
    CapacityError,
    ContainerRegistry,
    ForeignContainerError,
    TrackingRules,
)
from exporter.containers.store import ContainerStore
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from exporter.observations.model import ContainerSummary
from tests.clock import ControlledClock
from tests.containers.answers import EXPIRED, FAILED, FINISHED, IN_PROGRESS, OTHER, PUBLISHED
from tests.containers.observing import Processed

RULES = TrackingRules()
REMOVED = ContainerOutcome.REMOVED
DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> ContainerStore:
    return ContainerStore(f"sqlite:///{tmp_path / 'threads-exporter.db'}")


@pytest.fixture(params=["with a store", "in memory"])
def registry(
    request: pytest.FixtureRequest,
    store: ContainerStore,
    clock: ControlledClock,
    processed: Processed,
) -> Iterator[ContainerRegistry]:
    kept = store if request.param == "with a store" else None
    registry = ContainerRegistry(kept, clock, processed)
    registry.open()
    yield registry
    registry.close()


@pytest.fixture
def stored(
    store: ContainerStore, clock: ControlledClock, processed: Processed
) -> Iterator[ContainerRegistry]:
    registry = ContainerRegistry(store, clock, processed)
    registry.open()
    yield registry
    registry.close()


def tracked(registry: ContainerRegistry) -> set[str]:
    return {record.container_id for record in registry.all() if record.is_tracked}


def outcomes(registry: ContainerRegistry, account: str = "acme") -> dict[ContainerOutcome, int]:
    return dict(registry.summary(account).outcomes)


def test_a_listed_container_is_pending_and_due(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    assert registry.follow({"acme": ["1", "2"], "zebra": []}, RULES) == {"acme"}

    assert registry.due("acme") == ["1", "2"]
    assert registry.due("zebra") == []
    assert registry.has_containers("acme")
    assert registry.has_open("acme")
    assert not registry.has_containers("zebra")
    assert registry.summary("acme") == ContainerSummary(
        by_status={ContainerStatus.PENDING: 2}, oldest_unfinished_at=clock.wall()
    )


def test_nothing_is_known_of_an_account_that_is_not_followed(registry: ContainerRegistry) -> None:
    registry.answered("nobody", "1", FINISHED)
    registry.unanswered("nobody", ["1"])
    registry.unknown_to_meta("nobody", "1")

    assert registry.due("nobody") == []
    assert registry.summary("nobody") == ContainerSummary()
    assert not registry.has_containers("nobody")
    assert not registry.has_open("nobody")
    assert registry.get("1") is None


def test_only_accounts_with_new_containers_are_returned(registry: ContainerRegistry) -> None:
    registry.follow({"acme": ["1"], "zebra": ["2"]}, RULES)

    assert registry.follow({"acme": ["1"], "zebra": ["2", "3"]}, RULES) == {"zebra"}
    assert registry.follow({"acme": ["1"], "zebra": ["3"]}, RULES) == set()


def test_an_unlisted_container_is_removed_and_begins_anew_when_it_is_listed_again(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1", "2"]}, RULES)
    registry.answered("acme", "1", IN_PROGRESS)
    registry.follow({"acme": ["2"]}, RULES)
    assert registry.get("1") is None
    assert outcomes(registry) == {REMOVED: 1}
    clock.advance(100)

    assert registry.follow({"acme": ["1", "2"]}, RULES) == {"acme"}

    record = registry.get("1")
    assert record is not None
    assert (record.state.status, record.registered_at) == (ContainerStatus.PENDING, clock.wall())


def test_an_ended_container_that_is_unlisted_is_not_removed(registry: ContainerRegistry) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.answered("acme", "1", PUBLISHED)

    registry.follow({"acme": []}, RULES)

    assert registry.summary("acme").by_status == {ContainerStatus.PUBLISHED: 1}
    assert outcomes(registry) == {ContainerOutcome.PUBLISHED: 1}


def test_an_ended_container_that_is_still_listed_does_not_begin_anew(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.answered("acme", "1", FAILED)
    clock.advance(1000)

    assert registry.follow({"acme": ["1"]}, RULES) == set()
    assert registry.due("acme") == []


def test_what_a_publisher_registered_stays_though_no_file_lists_it(
    registry: ContainerRegistry,
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.register([("acme", "2")])

    assert registry.follow({"acme": []}, RULES) == set()

    assert tracked(registry) == {"2"}


def test_what_a_publisher_registered_and_a_file_lists_is_one_container(
    registry: ContainerRegistry,
) -> None:
    registry.register([("acme", "1")])

    assert registry.follow({"acme": ["1"]}, RULES) == set()

    record = registry.get("1")
    assert record is not None
    assert record.source is Source.API


def test_with_an_account_go_its_containers_and_only_the_counts_stay(
    registry: ContainerRegistry,
) -> None:
    registry.follow({"acme": ["1", "2"]}, RULES)
    registry.register([("acme", "3")])
    registry.answered("acme", "1", FAILED)

    registry.follow({}, RULES)

    assert tracked(registry) == set()
    assert outcomes(registry) == {ContainerOutcome.ERROR: 1, REMOVED: 2}


def test_accounts_that_another_process_cares_for_are_left_alone(
    registry: ContainerRegistry,
) -> None:
    registry.follow({"acme": ["1"], "zebra": ["2"]}, RULES)

    registry.follow({"acme": ["1"]}, RULES, left_alone={"zebra"})

    assert tracked(registry) == {"1", "2"}


def test_a_registration_tells_what_is_new_and_changes_nothing_the_second_time(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    assert registry.register([("acme", "1"), ("zebra", "2")]) == [True, True]
    before = registry.all()
    clock.advance(10)

    assert registry.register([("acme", "1"), ("acme", "3")]) == [False, True]
    assert registry.register([("acme", "1")]) == [False]

    record = registry.get("3")
    assert record is not None
    assert list(registry.all()) == [before[0], record, before[1]]
    assert (record.source, record.registered_at) == (Source.API, clock.wall())


def test_nothing_is_registered_along_with_what_is_anothers(registry: ContainerRegistry) -> None:
    registry.register([("acme", "1")])

    with pytest.raises(ForeignContainerError) as caught:
        registry.register([("zebra", "2"), ("zebra", "1")])

    assert caught.value.container_id == "1"
    assert tracked(registry) == {"1"}
    assert not registry.has_containers("zebra")


def test_no_more_are_registered_than_may_be_tracked(registry: ContainerRegistry) -> None:
    registry.follow({"acme": ["1"]}, replace(RULES, max_tracked=3))
    registry.register([("acme", "2")])

    with pytest.raises(CapacityError):
        registry.register([("acme", "3"), ("acme", "4")])
    assert tracked(registry) == {"1", "2"}

    assert registry.register([("acme", "3")]) == [True]
    assert registry.register([("acme", "1"), ("acme", "2")]) == [False, False]
    registry.answered("acme", "1", PUBLISHED)
    assert registry.register([("acme", "4")]) == [True]


def test_a_removed_container_is_returned_as_it_was(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.register([("acme", "1"), ("acme", "2")])
    registry.answered("acme", "2", FAILED)
    before = registry.get("1"), registry.get("2")

    assert (registry.remove("1"), registry.remove("2")) == before
    assert registry.remove("1") is None
    assert registry.remove("3") is None

    assert registry.get("2") == before[1]
    assert outcomes(registry) == {ContainerOutcome.ERROR: 1, REMOVED: 1}
    assert registry.register([("acme", "1")]) == [True]


def test_reports_are_counted_by_account_and_error(registry: ContainerRegistry) -> None:
    for account, error in (("acme", "a"), ("acme", "b"), ("zebra", "a"), ("acme", "a")):
        registry.count_report(account, error)

    assert registry.reports("acme") == {"a": 2, "b": 1}
    assert registry.reports("zebra") == {"a": 1}
    assert registry.reports("nobody") == {}


def test_a_container_is_due_again_a_little_before_the_interval_is_over(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1", "2"]}, RULES)
    registry.answered("acme", "1", IN_PROGRESS)
    clock.advance(1)
    registry.unanswered("acme", ["2"])

    clock.advance(57.5)
    assert registry.due("acme") == []
    clock.advance(0.5)
    assert registry.due("acme") == ["1"]
    clock.advance(1)
    assert registry.due("acme") == ["1", "2"]


def test_a_short_interval_has_a_shorter_leeway(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, TrackingRules(LifecycleRules(interval=2)))
    registry.answered("acme", "1", IN_PROGRESS)

    clock.advance(1.75)
    assert registry.due("acme") == []
    clock.advance(0.0625)
    assert registry.due("acme") == ["1"]


def test_the_longest_unasked_are_due_first(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1", "2", "3"]}, RULES)
    for container_id in ("2", "1"):
        registry.answered("acme", container_id, IN_PROGRESS)
        clock.advance(1)
    clock.advance(60)

    assert registry.due("acme") == ["3", "2", "1"]


def test_of_those_postponed_together_the_last_named_is_asked_last(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1", "2", "3"]}, RULES)

    registry.unanswered("acme", ["2", "3", "1"])
    assert registry.due("acme") == []
    clock.advance(60)

    assert registry.due("acme") == ["2", "3", "1"]


def test_a_clock_set_back_keeps_no_container_waiting_and_asks_none_at_once(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.answered("acme", "1", IN_PROGRESS)
    clock.set_wall(clock.wall() - 7 * DAY)

    assert registry.due("acme") == []
    clock.advance(60)
    assert registry.due("acme") == ["1"]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (PUBLISHED, ContainerOutcome.PUBLISHED),
        (FAILED, ContainerOutcome.ERROR),
        (EXPIRED, ContainerOutcome.EXPIRED),
    ],
)
def test_a_status_that_stays_ends_a_container_once(
    registry: ContainerRegistry,
    clock: ControlledClock,
    state: ContainerState,
    outcome: ContainerOutcome,
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.answered("acme", "1", state)
    registry.answered("acme", "1", IN_PROGRESS)
    registry.unanswered("acme", ["1"])
    registry.unknown_to_meta("acme", "1")
    clock.advance(DAY)

    assert registry.due("acme") == []
    assert not registry.has_open("acme")
    summary = registry.summary("acme")
    assert summary.by_status == {state.status: 1}
    assert summary.outcomes == {outcome: 1}
    assert summary.errors == (
        {ContainerErrorMessage.INVALID_DURATION: 1} if state is FAILED else {}
    )
    assert summary.oldest_unfinished_at is None


def test_an_answer_for_another_accounts_container_is_not_taken(
    registry: ContainerRegistry,
) -> None:
    registry.register([("acme", "1")])

    registry.answered("zebra", "1", PUBLISHED)

    assert tracked(registry) == {"1"}
    assert registry.summary("zebra") == ContainerSummary()


@pytest.mark.parametrize("state", [IN_PROGRESS, OTHER, None])
def test_an_unfinished_container_is_given_up_once_and_waited_for(
    registry: ContainerRegistry, clock: ControlledClock, state: ContainerState | None
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    clock.advance(300)

    for _ in range(2):
        if state is None:
            registry.unanswered("acme", ["1"])
        else:
            registry.answered("acme", "1", state)

    assert outcomes(registry) == {ContainerOutcome.GAVE_UP: 1}
    assert registry.has_open("acme")
    clock.advance(598)
    assert registry.due("acme") == []
    clock.advance(2)
    assert registry.due("acme") == ["1"]


def test_a_container_unknown_after_an_hour_is_lost(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    for _ in range(2):
        registry.unknown_to_meta("acme", "1")
        assert outcomes(registry) == {}
        clock.advance(1_800)

    registry.unknown_to_meta("acme", "1")

    assert outcomes(registry) == {ContainerOutcome.LOST: 1}


@pytest.mark.parametrize("end", [FINISHED, FAILED])
def test_processing_is_observed_once_from_registration(
    registry: ContainerRegistry,
    clock: ControlledClock,
    processed: Processed,
    end: ContainerState,
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    for state in (IN_PROGRESS, end, end, IN_PROGRESS, end, PUBLISHED):
        clock.advance(40)
        registry.answered("acme", "1", state)

    assert processed.noted == [(end.status, 80.0)]


def test_the_oldest_unfinished_is_the_first_that_was_registered(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    clock.advance(10)
    registry.follow({"acme": ["1", "2"]}, RULES)
    second = clock.wall()
    assert registry.summary("acme").oldest_unfinished_at == second - 10

    registry.answered("acme", "1", FINISHED)

    assert registry.summary("acme").oldest_unfinished_at == second


def test_containers_are_named_only_where_each_is_to_have_its_series(
    registry: ContainerRegistry,
) -> None:
    registry.follow({"acme": ["2", "1"]}, RULES)
    registry.answered("acme", "1", FAILED)
    assert registry.summary("acme").statuses == {}

    registry.follow({"acme": ["2", "1"]}, replace(RULES, with_statuses=True))

    assert list(registry.summary("acme").statuses.items()) == [
        ("1", ContainerStatus.ERROR),
        ("2", ContainerStatus.PENDING),
    ]


def test_new_rules_hold_for_the_containers_of_before(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    registry.follow({"acme": ["1"]}, TrackingRules(LifecycleRules(interval=10, give_up_after=20)))
    registry.answered("acme", "1", IN_PROGRESS)

    assert registry.interval == 10
    clock.advance(10)
    assert registry.due("acme") == ["1"]
    clock.advance(10)
    registry.answered("acme", "1", IN_PROGRESS)
    assert outcomes(registry) == {ContainerOutcome.GAVE_UP: 1}


def test_an_ended_container_is_forgotten_after_its_retention(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    rules = replace(RULES, retention=100)
    registry.follow({"acme": ["1", "2"], "zebra": ["3"]}, rules)
    registry.answered("acme", "1", PUBLISHED)

    registry.follow({"acme": ["2"], "zebra": ["3"]}, rules)
    clock.advance(100)
    assert registry.forget_ended() == set()
    clock.advance(1)
    assert registry.forget_ended() == {"acme"}

    assert registry.get("1") is None
    assert tracked(registry) == {"2", "3"}
    assert outcomes(registry) == {ContainerOutcome.PUBLISHED: 1}


def test_an_ended_container_that_is_still_listed_is_not_taken_for_a_new_one(
    registry: ContainerRegistry, clock: ControlledClock
) -> None:
    rules = replace(RULES, retention=100)
    registry.follow({"acme": ["1"]}, rules)
    registry.answered("acme", "1", PUBLISHED)

    clock.advance(101)
    registry.forget_ended()

    assert registry.summary("acme").by_status == {}
    assert registry.follow({"acme": ["1"]}, rules) == set()
    assert registry.due("acme") == []
    assert outcomes(registry) == {ContainerOutcome.PUBLISHED: 1}


def test_an_ended_container_that_is_still_listed_outlives_a_restart(
    stored: ContainerRegistry, store: ContainerStore, clock: ControlledClock, processed: Processed
) -> None:
    rules = replace(RULES, retention=100)
    stored.follow({"acme": ["1"]}, rules)
    stored.answered("acme", "1", PUBLISHED)
    clock.advance(101)
    stored.forget_ended()
    stored.close()

    again = ContainerRegistry(store, clock, processed)
    again.open()
    new = again.follow({"acme": ["1"]}, rules)
    again.close()

    assert new == set()


def test_a_summary_is_a_picture_of_its_moment(registry: ContainerRegistry) -> None:
    registry.follow({"acme": ["1"]}, RULES)
    before = registry.summary("acme")

    registry.answered("acme", "1", FAILED)

    assert before.by_status == {ContainerStatus.PENDING: 1}
    assert before.outcomes == {}
    assert before.errors == {}


def test_a_restart_loses_nothing_and_counts_nothing_twice(
    stored: ContainerRegistry,
    store: ContainerStore,
    clock: ControlledClock,
    processed: Processed,
) -> None:
    listed = {"acme": ["1", "2"], "zebra": ["3"]}
    stored.follow(listed, RULES)
    stored.register([("zebra", "4"), ("zebra", "5")])
    stored.remove("5")
    stored.count_report("zebra", "unknown_error")
    clock.advance(300)
    stored.answered("acme", "1", FAILED)
    stored.answered("zebra", "3", IN_PROGRESS)
    stored.answered("zebra", "4", FINISHED)
    before = {account: stored.summary(account) for account in listed}
    records = {record.container_id: record for record in stored.all()}
    stored.close()

    again = ContainerRegistry(store, clock, processed)
    again.open()

    assert again.follow(listed, RULES) == set()
    for container_id, state in (("1", FAILED), ("3", IN_PROGRESS), ("4", FINISHED)):
        assert again.get(container_id) == records[container_id]
        account = records[container_id].account
        again.answered(account, container_id, state)
    assert {account: again.summary(account) for account in listed} == before
    assert again.reports("zebra") == {"unknown_error": 1}
    assert len(processed.noted) == 2


def test_the_longest_unasked_are_due_first_after_a_restart_too(
    stored: ContainerRegistry, store: ContainerStore, clock: ControlledClock, processed: Processed
) -> None:
    stored.follow({"acme": ["1", "2", "3"]}, RULES)
    for container_id in ("3", "1", "2"):
        stored.answered("acme", container_id, IN_PROGRESS)
        clock.advance(1)
    stored.close()

    again = ContainerRegistry(store, clock, processed)
    again.open()
    clock.advance(60)

    assert again.due("acme") == ["3", "1", "2"]


def test_only_a_store_is_up_or_down(
    stored: ContainerRegistry, clock: ControlledClock, processed: Processed
) -> None:
    in_memory = ContainerRegistry(None, clock, processed)
    in_memory.keep_store()

    assert stored.store_up is True
    assert in_memory.store_up is None


def test_what_was_removed_does_not_stay_in_the_store_for_ever(
    stored: ContainerRegistry, store: ContainerStore, clock: ControlledClock
) -> None:
    stored.register([("acme", "1")])
    stored.remove("1")

    clock.advance(DAY + 1)
    assert stored.forget_ended() == set()

    assert store.load().records == []


def test_each_of_several_requests_is_all_or_nothing_and_has_its_own_answer(
    registry: ContainerRegistry,
) -> None:
    registry.follow({}, replace(RULES, max_tracked=4))
    registry.register([("zebra", "1")])

    done = registry.register_each(
        [
            [("acme", "2"), ("acme", "3")],
            [("acme", "4"), ("acme", "1")],
            [("acme", "4"), ("acme", "5")],
            [("acme", "2"), ("acme", "6")],
            [("acme", "7")],
        ]
    )

    assert done[0] == [True, True]
    assert isinstance(done[1], ForeignContainerError)
    assert isinstance(done[2], CapacityError)
    assert done[3] == [False, True]
    assert isinstance(done[4], CapacityError)
    assert tracked(registry) == {"1", "2", "3", "6"}


def test_an_account_that_cannot_be_stored_is_not_followed(stored: ContainerRegistry) -> None:
    with pytest.raises(ValueError, match="holds a NUL"):
        stored.follow({"nul\0": ["1"]}, RULES)

    assert stored.all() == []
    assert stored.store_up is True


def test_no_requests_are_answered_by_nothing(registry: ContainerRegistry) -> None:
    assert registry.register_each([]) == []


def test_answers_and_registrations_from_many_threads_lose_nothing(
    registry: ContainerRegistry, processed: Processed, eager_threads: None
) -> None:
    ids = [str(number) for number in range(100)]
    registry.follow({"acme": ids}, RULES)

    with ThreadPoolExecutor(8) as pool:
        for container_id in (item for item in ids for _ in range(3)):
            pool.submit(registry.answered, "acme", container_id, FAILED)
            pool.submit(registry.register, [("zebra", f"{container_id}00")])

    assert registry.summary("acme").errors == {ContainerErrorMessage.INVALID_DURATION: 100}
    assert outcomes(registry) == {ContainerOutcome.ERROR: 100}
    assert registry.summary("zebra").by_status == {ContainerStatus.PENDING: 100}
    assert len(processed.noted) == 100
