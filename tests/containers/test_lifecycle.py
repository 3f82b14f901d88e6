from collections.abc import Callable
from dataclasses import replace

import pytest

from exporter.containers.lifecycle import (
    LifecycleRules,
    Step,
    answered,
    rebased,
    registered,
    removed,
    unanswered,
    unknown_to_meta,
)
from exporter.containers.record import ContainerRecord, Source
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from tests.containers.longest_gap import longest_gap

START = 1_790_000_000.0
RULES = LifecycleRules()
HOUR = 3_600.0

NEW = registered("acme", "17889", Source.API, START)
IN_PROGRESS = ContainerState(ContainerStatus.IN_PROGRESS)
FINISHED = ContainerState(ContainerStatus.FINISHED)
PUBLISHED = ContainerState(ContainerStatus.PUBLISHED)
EXPIRED = ContainerState(ContainerStatus.EXPIRED)
FAILED = ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.INVALID_DURATION)
FAILED_SILENTLY = ContainerState(ContainerStatus.ERROR)
OTHER = ContainerState(ContainerStatus.OTHER)

YOUNG = replace(NEW, state=IN_PROGRESS, asked_at=START)
GIVEN_UP = replace(YOUNG, gave_up=True)
READY = replace(NEW, state=FINISHED, asked_at=START, processed_at=START)
UNKNOWN = replace(NEW, unknown_to_meta=True, asked_at=START)
ENDED = replace(NEW, outcome=ContainerOutcome.EXPIRED, ended_at=START + 9.0, next_ask_at=None)

Event = Callable[[ContainerRecord, float], Step]


def answer(state: ContainerState) -> Event:
    return lambda record, now: answered(record, state, now, RULES)


def unknown(record: ContainerRecord, now: float) -> Step:
    return unknown_to_meta(record, now, RULES)


def failure(record: ContainerRecord, now: float) -> Step:
    return unanswered(record, now, RULES)


def test_a_new_container_is_asked_about_at_once() -> None:
    assert (
        ContainerRecord(
            account="acme",
            container_id="17889",
            source=Source.API,
            registered_at=START,
            state=ContainerState(ContainerStatus.PENDING),
            asked_at=None,
            next_ask_at=START,
            gave_up=False,
            outcome=None,
            ended_at=None,
            unknown_to_meta=False,
            processed_at=None,
        )
        == NEW
    )


@pytest.mark.parametrize(
    ("record", "event", "age", "next_age", "counted"),
    [
        # Young and unfinished: once an interval.
        (NEW, answer(IN_PROGRESS), 0.0, 60.0, ()),
        (NEW, answer(OTHER), 0.5, 60.5, ()),
        (NEW, answer(ContainerState(ContainerStatus.PENDING)), 60.0, 120.0, ()),
        (YOUNG, answer(IN_PROGRESS), 240.0, 300.0, ()),
        (YOUNG, answer(IN_PROGRESS), 299.9, 359.9, ()),
        (NEW, failure, 0.0, 60.0, ()),
        (NEW, unknown, 0.0, 60.0, ()),
        (READY, unknown, 60.0, 120.0, ()),
        # Old and unfinished: given up once, and asked about at the later ages.
        (YOUNG, answer(IN_PROGRESS), 300.0, 900.0, (ContainerOutcome.GAVE_UP,)),
        (YOUNG, answer(OTHER), 359.9, 900.0, (ContainerOutcome.GAVE_UP,)),
        (YOUNG, failure, 300.0, 900.0, (ContainerOutcome.GAVE_UP,)),
        (NEW, failure, 300.0, 900.0, (ContainerOutcome.GAVE_UP,)),
        (UNKNOWN, answer(IN_PROGRESS), 300.0, 900.0, (ContainerOutcome.GAVE_UP,)),
        (READY, answer(IN_PROGRESS), 900.0, HOUR, (ContainerOutcome.GAVE_UP,)),
        (GIVEN_UP, answer(IN_PROGRESS), 900.0, HOUR, ()),
        (GIVEN_UP, answer(IN_PROGRESS), HOUR, 6 * HOUR, ()),
        (GIVEN_UP, failure, 6 * HOUR, 24 * HOUR, ()),
        (GIVEN_UP, answer(IN_PROGRESS), 899.0, 959.0, ()),
        (GIVEN_UP, answer(IN_PROGRESS), 24 * HOUR - 1.0, 24 * HOUR + 59.0, ()),
        # FINISHED: at the later ages from the start, and never given up on the way.
        (NEW, answer(FINISHED), 0.0, 900.0, ()),
        (YOUNG, answer(FINISHED), 60.0, 900.0, ()),
        (READY, answer(FINISHED), 900.0, HOUR, ()),
        (READY, answer(FINISHED), 870.0, 930.0, ()),
        (READY, failure, 900.0, HOUR, ()),
        (READY, failure, 60.0, 900.0, ()),
        (GIVEN_UP, answer(FINISHED), HOUR, 6 * HOUR, ()),
        # Unknown to Meta: as an unfinished one, but never given up.
        (UNKNOWN, unknown, 300.0, 900.0, ()),
        (UNKNOWN, unknown, 900.0, HOUR, ()),
        (UNKNOWN, unknown, HOUR - 1.0, HOUR + 59.0, ()),
        (UNKNOWN, failure, 300.0, 900.0, ()),
        (UNKNOWN, failure, 2 * HOUR, 6 * HOUR, ()),
        (READY, unknown, 900.0, HOUR, ()),
    ],
)
def test_what_goes_on_is_asked_about_again(
    record: ContainerRecord,
    event: Event,
    age: float,
    next_age: float,
    counted: tuple[ContainerOutcome, ...],
) -> None:
    step = event(record, START + age)

    assert step.record.next_ask_at == START + next_age
    assert step.record.asked_at == START + age
    assert step.record.is_tracked
    assert step.record.ended_at is None
    assert step.outcomes == counted
    assert step.record.gave_up == (record.gave_up or bool(counted))
    assert step.error_message is None


@pytest.mark.parametrize(
    ("record", "event", "age", "outcome", "counted"),
    [
        (NEW, answer(PUBLISHED), 0.0, ContainerOutcome.PUBLISHED, (ContainerOutcome.PUBLISHED,)),
        (
            READY,
            answer(PUBLISHED),
            6 * HOUR,
            ContainerOutcome.PUBLISHED,
            (ContainerOutcome.PUBLISHED,),
        ),
        (
            GIVEN_UP,
            answer(PUBLISHED),
            HOUR,
            ContainerOutcome.PUBLISHED,
            (ContainerOutcome.PUBLISHED,),
        ),
        (YOUNG, answer(FAILED), 60.0, ContainerOutcome.ERROR, (ContainerOutcome.ERROR,)),
        (GIVEN_UP, answer(FAILED), HOUR, ContainerOutcome.ERROR, (ContainerOutcome.ERROR,)),
        (YOUNG, answer(FAILED_SILENTLY), 60.0, ContainerOutcome.ERROR, (ContainerOutcome.ERROR,)),
        (READY, answer(EXPIRED), 24 * HOUR, ContainerOutcome.EXPIRED, (ContainerOutcome.EXPIRED,)),
        (
            GIVEN_UP,
            answer(EXPIRED),
            30 * HOUR,
            ContainerOutcome.EXPIRED,
            (ContainerOutcome.EXPIRED,),
        ),
        (UNKNOWN, unknown, HOUR, ContainerOutcome.LOST, (ContainerOutcome.LOST,)),
        (YOUNG, unknown, 2 * HOUR, ContainerOutcome.LOST, (ContainerOutcome.LOST,)),
        (GIVEN_UP, unknown, 6 * HOUR, ContainerOutcome.LOST, (ContainerOutcome.LOST,)),
        (UNKNOWN, failure, 24 * HOUR, ContainerOutcome.LOST, (ContainerOutcome.LOST,)),
        (GIVEN_UP, answer(IN_PROGRESS), 24 * HOUR, ContainerOutcome.GAVE_UP, ()),
        (GIVEN_UP, failure, 24 * HOUR, ContainerOutcome.GAVE_UP, ()),
        (YOUNG, failure, 24 * HOUR, ContainerOutcome.GAVE_UP, (ContainerOutcome.GAVE_UP,)),
        (READY, answer(FINISHED), 24 * HOUR, ContainerOutcome.GAVE_UP, (ContainerOutcome.GAVE_UP,)),
        (READY, failure, 25 * HOUR, ContainerOutcome.GAVE_UP, (ContainerOutcome.GAVE_UP,)),
        (YOUNG, removed, 10.0, ContainerOutcome.REMOVED, (ContainerOutcome.REMOVED,)),
        (GIVEN_UP, removed, HOUR, ContainerOutcome.REMOVED, (ContainerOutcome.REMOVED,)),
    ],
)
def test_what_ends_is_never_asked_about_again(
    record: ContainerRecord,
    event: Event,
    age: float,
    outcome: ContainerOutcome,
    counted: tuple[ContainerOutcome, ...],
) -> None:
    step = event(record, START + age)

    assert step.record.outcome is outcome
    assert step.record.ended_at == START + age
    assert step.record.next_ask_at is None
    assert not step.record.is_tracked
    assert step.outcomes == counted


@pytest.mark.parametrize(
    ("state", "error_message"),
    [
        (FAILED, ContainerErrorMessage.INVALID_DURATION),
        (FAILED_SILENTLY, None),
        (PUBLISHED, None),
    ],
)
def test_an_error_message_counts_with_the_end(
    state: ContainerState, error_message: ContainerErrorMessage | None
) -> None:
    step = answered(YOUNG, state, START + 60.0, RULES)

    assert step.error_message is error_message
    assert step.record.state == state


@pytest.mark.parametrize("event", [answer(FAILED), unknown, failure, removed])
def test_an_end_is_final(event: Event) -> None:
    assert event(ENDED, START + 100 * HOUR) == Step(ENDED)


@pytest.mark.parametrize(
    ("record", "state", "processed"),
    [
        (YOUNG, FINISHED, (ContainerStatus.FINISHED, 42.5)),
        (YOUNG, FAILED, (ContainerStatus.ERROR, 42.5)),
        (YOUNG, IN_PROGRESS, None),
        (YOUNG, PUBLISHED, None),
        (READY, FINISHED, None),
        (READY, FAILED, None),
    ],
)
def test_the_time_to_process_is_told_once(
    record: ContainerRecord,
    state: ContainerState,
    processed: tuple[ContainerStatus, float] | None,
) -> None:
    step = answered(record, state, START + 42.5, RULES)

    assert step.processed == processed
    assert step.record.processed_at == (START + 42.5 if processed else record.processed_at)


def test_an_answer_makes_known_again() -> None:
    assert not answered(UNKNOWN, IN_PROGRESS, START + 60.0, RULES).record.unknown_to_meta
    assert unknown_to_meta(YOUNG, START + 60.0, RULES).record.unknown_to_meta
    assert unanswered(UNKNOWN, START + 60.0, RULES).record.unknown_to_meta


def test_a_failed_call_keeps_the_last_state() -> None:
    assert unanswered(READY, START + 60.0, RULES).record.state == FINISHED


def test_a_clock_set_back_moves_the_times_of_a_container_with_it() -> None:
    record = replace(READY, asked_at=START + 900.0, next_ask_at=START + HOUR)

    assert rebased(record, START - 100_000.0) == replace(
        record,
        registered_at=START - 100_900.0,
        asked_at=START - 100_000.0,
        processed_at=START - 100_900.0,
        next_ask_at=START - 100_900.0 + HOUR,
    )


def test_a_container_never_asked_about_is_asked_about_at_once_after_the_clock_was_set_back() -> (
    None
):
    assert rebased(NEW, START - 5.0) == replace(
        NEW, registered_at=START - 5.0, next_ask_at=START - 5.0
    )


@pytest.mark.parametrize("now", [START + 900.0, START + 5_000.0])
def test_times_that_have_passed_stay(now: float) -> None:
    record = replace(READY, asked_at=START + 900.0, next_ask_at=START + HOUR)

    assert rebased(record, now) is record


def test_an_ended_container_keeps_its_times() -> None:
    assert rebased(ENDED, START - HOUR) is ENDED


def test_the_longest_gap_is_between_two_asks() -> None:
    assert longest_gap(RULES) == 18 * HOUR
    assert longest_gap(LifecycleRules(interval=90_000.0)) == 90_000.0
    assert longest_gap(LifecycleRules(later_asks=(900.0, 1_000.0))) == 900.0


def test_nothing_is_asked_past_the_last_later_ask_however_late_giving_up_is() -> None:
    rules = LifecycleRules(give_up_after=100 * HOUR)

    step = answered(YOUNG, IN_PROGRESS, START + 24 * HOUR, rules)

    assert step.record.outcome is ContainerOutcome.GAVE_UP
    assert step.outcomes == (ContainerOutcome.GAVE_UP,)
