"""What a store promises on whichever database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest

from exporter.containers.lifecycle import Step, removed
from exporter.containers.record import ContainerRecord, Source
from exporter.containers.rows import CountKey, CountKind, StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
    StoreTrouble,
)
from tests.containers.records import (
    FAILED,
    GAVE_UP,
    INVALID_DURATION,
    PUBLISHED,
    REGISTERED,
    START,
    failed,
    given_up,
    many,
    new,
    published,
)

pytest_plugins = ("tests.containers.backends",)


def ids(store: ContainerStore) -> set[str]:
    return {record.container_id for record in store.load().records}


def by_id(state: StoredState) -> dict[str, ContainerRecord]:
    return {record.container_id: record for record in state.records}


def test_a_new_store_is_empty(store: ContainerStore) -> None:
    assert store.load() == StoredState([], {})


def test_registering_tells_what_is_new(store: ContainerStore) -> None:
    assert store.register([new("1"), new("2")]) == {"1", "2"}
    assert store.register([new("2"), new("3")]) == {"3"}
    assert store.register([new("1"), new("2"), new("3")]) == set()

    assert ids(store) == {"1", "2", "3"}
    assert store.load().counts == {REGISTERED: 3}


def test_a_known_container_is_left_alone(store: ContainerStore) -> None:
    store.register([new("1")])
    step = published(new("1"))
    store.save([step])

    assert store.register([new("1", account="other", source=Source.CONFIGURATION)]) == set()

    assert store.load() == StoredState([step.record], {REGISTERED: 1, PUBLISHED: 1})


def test_registering_the_same_twice_at_once_takes_the_first(store: ContainerStore) -> None:
    later = replace(new("1"), registered_at=START + 5.0)

    assert store.register([new("1"), later]) == {"1"}

    assert store.load() == StoredState([new("1")], {REGISTERED: 1})


def test_registering_nothing_changes_nothing(store: ContainerStore) -> None:
    assert store.register([]) == set()
    assert store.save([]) == set()

    assert store.load() == StoredState([], {})


def test_the_registered_are_counted_by_account_and_source(store: ContainerStore) -> None:
    store.register([new("1"), new("2"), new("3", source=Source.CONFIGURATION), new("4", "b")])

    assert store.load().counts == {
        REGISTERED: 2,
        CountKey("acme", CountKind.REGISTERED, "configuration"): 1,
        CountKey("b", CountKind.REGISTERED, "api"): 1,
    }


UNFIT = replace(new("3"), registered_at=cast("float", None))
BAD_TEXTS = ["nul\0", "\ud800", "half \udfff of a pair"]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=ascii)
@pytest.mark.parametrize(
    "write",
    [
        lambda store, text: store.register([new("1"), new("2", account=text)]),
        lambda store, text: store.register([new("1"), new(text)]),
        lambda store, text: store.count(text, CountKind.REPORTED, "video_codec"),
        lambda store, text: store.count("acme", CountKind.REPORTED, text),
        lambda store, text: store.restore(StoredState([new("1", account=text)], {})),
    ],
)
def test_a_text_that_not_every_database_takes_is_refused(
    store: ContainerStore, write: Callable[[ContainerStore, str], object], text: str
) -> None:
    with pytest.raises(ValueError, match=r"holds a NUL or half of a surrogate pair: remove it$"):
        write(store, text)

    assert store.load() == StoredState([], {})


def test_any_other_text_comes_back_as_it_was(store: ContainerStore) -> None:
    record = new("1", account="Ünïcödé \U0001f600 '\"\\%\x01\n \u2066")

    store.register([record])

    assert store.load().records == [record]


def test_of_containers_one_of_which_cannot_be_stored_none_is(store: ContainerStore) -> None:
    with pytest.raises(StoreError) as caught:
        store.register([new("1"), new("2"), UNFIT])

    assert caught.value.kind is StoreTrouble.OTHER
    assert store.load() == StoredState([], {})


FULL_RECORD = ContainerRecord(
    account="acme",
    container_id="17889615691921648",
    source=Source.CONFIGURATION,
    registered_at=START + 0.1,
    state=ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.INVALID_ASPEC_RATIO),
    asked_at=START + 0.2,
    next_ask_at=START + 0.3,
    gave_up=True,
    outcome=ContainerOutcome.ERROR,
    ended_at=START + 0.4,
    unknown_to_meta=True,
    processed_at=START + 0.5,
)


def test_every_field_is_registered(store: ContainerStore) -> None:
    store.register([FULL_RECORD])

    assert store.load().records == [FULL_RECORD]


def test_every_field_is_saved(store: ContainerStore) -> None:
    store.register([new(FULL_RECORD.container_id)])

    assert store.save([Step(FULL_RECORD)]) == {FULL_RECORD.container_id}

    assert store.load().records == [FULL_RECORD]


@pytest.mark.parametrize("status", ContainerStatus)
def test_every_status_is_saved(store: ContainerStore, status: ContainerStatus) -> None:
    record = replace(new("1"), state=ContainerState(status))
    store.register([new("1")])

    store.save([Step(record)])

    assert store.load().records == [record]


def test_saving_counts_outcomes_and_error_messages(store: ContainerStore) -> None:
    store.register(many(5))
    first, second, third, fourth, fifth = many(5)

    store.save([published(first), failed(second), failed(third), given_up(fourth)])
    store.save([removed(fifth, START)])

    assert store.load().counts == {
        REGISTERED: 5,
        PUBLISHED: 1,
        FAILED: 2,
        INVALID_DURATION: 2,
        GAVE_UP: 1,
        CountKey("acme", CountKind.OUTCOME, "removed"): 1,
    }


def test_saving_a_step_again_counts_nothing(store: ContainerStore) -> None:
    store.register([new("1"), new("2")])
    steps = [failed(new("1")), given_up(new("2"))]
    store.save(steps)
    stored = store.load()

    assert store.save(steps) == {"2"}

    assert store.load() == stored


def test_what_ended_stays_as_it_ended(store: ContainerStore) -> None:
    store.register([new("1")])
    store.save([removed(new("1"), START + 5.0)])
    stored = store.load()

    assert store.save([published(new("1")), Step(new("1"))]) == set()

    assert store.load() == stored


def test_what_was_never_registered_is_not_saved(store: ContainerStore) -> None:
    assert store.save([published(new("1"))]) == set()

    assert store.load() == StoredState([], {})


def test_saving_fails_as_a_whole(store: ContainerStore) -> None:
    store.register([new("1"), new("2")])
    stored = by_id(store.load())

    with pytest.raises(StoreError):
        store.save([published(new("1")), Step(replace(UNFIT, container_id="2"))])

    assert by_id(store.load()) == stored
    assert store.load().counts == {REGISTERED: 2}


def test_many_are_saved_at_once(store: ContainerStore) -> None:
    store.register(many(2_500))

    stored = store.save([published(record) for record in many(2_500)])

    assert len(stored) == 2_500
    assert store.load().counts == {REGISTERED: 2_500, PUBLISHED: 2_500}


def test_more_are_saved_than_a_statement_has_parameters(store: ContainerStore) -> None:
    store.register([new("1")])
    unregistered = [Step(new(f"unknown-{number}")) for number in range(70_000)]

    assert store.save([*unregistered, published(new("1"))]) == {"1"}


def test_what_publishers_report_is_counted(store: ContainerStore) -> None:
    for _ in range(3):
        store.count("acme", CountKind.REPORTED, "video_codec")
    store.count("b", CountKind.REPORTED, "video_codec")

    assert store.load().counts == {
        CountKey("acme", CountKind.REPORTED, "video_codec"): 3,
        CountKey("b", CountKind.REPORTED, "video_codec"): 1,
    }


@pytest.mark.parametrize("batch", [1, 3, 5, 7, 5_000])
def test_what_ended_long_ago_is_forgotten_and_stays_counted(
    store: ContainerStore, batch: int
) -> None:
    records = many(12)
    store.register(records)
    store.save([published(record, START) for record in records[:5]])
    store.save([published(record, START + 10.0) for record in records[5:8]])

    assert store.forget(START + 10.0, batch) == 5

    assert ids(store) == {record.container_id for record in records[5:]}
    assert store.load().counts == {REGISTERED: 12, PUBLISHED: 8}
    assert store.forget(START + 10.0, batch) == 0


def test_forgetting_takes_more_than_a_statement_holds(store: ContainerStore) -> None:
    store.register(many(2_500))
    store.save([published(record) for record in many(2_500)])

    assert store.forget(START + 1_000.0, 2_400) == 2_500

    assert ids(store) == set()


def test_all_is_there_after_a_restart(store_url: str) -> None:
    store = ContainerStore(store_url)
    store.open()
    store.register([new("1"), new("2")])
    store.save([failed(new("2"))])
    stored = store.load()
    store.close()

    store.open()
    assert store.load() == stored
    store.close()


def test_restoring_into_a_store_that_is_there_keeps_what_is_newer(store: ContainerStore) -> None:
    store.register([new("1"), new("2"), new("3")])
    ended = published(new("1")).record
    store.save([published(new("1"))])
    remembered = given_up(new("2")).record

    store.restore(StoredState([new("1"), remembered, new("4")], {REGISTERED: 2, GAVE_UP: 1}))

    assert by_id(store.load()) == {"1": ended, "2": remembered, "3": new("3"), "4": new("4")}
    assert store.load().counts == {REGISTERED: 3, PUBLISHED: 1, GAVE_UP: 1}


def test_nothing_is_restored_into_an_empty_store(store: ContainerStore) -> None:
    store.restore(StoredState([], {}))

    assert store.load() == StoredState([], {})


def test_many_threads_lose_and_double_nothing(store: ContainerStore) -> None:
    def work(number: int) -> None:
        records = [new(f"{number}-{index}") for index in range(10)]
        store.register([*records, new("shared")])
        for record in records[:5]:
            store.save([failed(record)])
        store.count("acme", CountKind.REPORTED, "video_codec")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(16)))

    assert len(ids(store)) == 161
    assert store.load().counts == {
        REGISTERED: 161,
        FAILED: 80,
        INVALID_DURATION: 80,
        CountKey("acme", CountKind.REPORTED, "video_codec"): 16,
    }


def test_what_is_written_together_is_committed_at_the_end(store: ContainerStore) -> None:
    with store.together():
        store.register([new("1"), new("2")])
        store.save([failed(new("1"))])
        store.count("acme", CountKind.REPORTED, "unknown_error")

    assert by_id(store.load()) == {"1": failed(new("1")).record, "2": new("2")}
    assert store.load().counts == {
        REGISTERED: 2,
        FAILED: 1,
        INVALID_DURATION: 1,
        CountKey("acme", CountKind.REPORTED, "unknown_error"): 1,
    }


def test_of_what_is_written_together_nothing_is_kept_when_a_part_fails(
    store: ContainerStore,
) -> None:
    def write() -> None:
        with store.together():
            store.register([new("1")])
            store.count("acme", CountKind.REPORTED, "unknown_error")
            store.register([UNFIT])

    with pytest.raises(StoreError):
        write()

    assert store.load() == StoredState([], {})
    assert store.register([new("1")]) == {"1"}
    assert ids(store) == {"1"}
