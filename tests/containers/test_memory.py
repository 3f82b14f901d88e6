from dataclasses import replace

from exporter.containers.lifecycle import Step, removed
from exporter.containers.memory import ContainerMemory
from exporter.containers.record import Source
from exporter.containers.rows import CountKind, StoredState
from exporter.domain import ContainerErrorMessage, ContainerOutcome, ContainerStatus
from exporter.observations.model import NO_CONTAINERS
from tests.containers.records import (
    FAILED,
    INVALID_DURATION,
    PUBLISHED,
    REGISTERED,
    START,
    failed,
    new,
    published,
)


def test_it_holds_what_a_store_held_but_for_what_was_removed() -> None:
    memory = ContainerMemory()
    records = [new("1"), published(new("2")).record, removed(new("3"), START).record]

    memory.fill(StoredState(records, {REGISTERED: 3, PUBLISHED: 1}))

    assert memory.state() == StoredState(records[:2], {REGISTERED: 3, PUBLISHED: 1})
    assert (memory.get("1"), memory.get("3")) == (new("1"), None)


def test_what_is_added_and_what_became_of_it_is_counted() -> None:
    memory = ContainerMemory()
    memory.add([new("1"), new("2"), new("3", "zebra", Source.CONFIGURATION)])

    memory.apply([failed(new("1")), published(new("2")), removed(new("3", "zebra"), START)])

    assert memory.state() == StoredState(
        [failed(new("1")).record, published(new("2")).record], memory.state().counts
    )
    assert {key: n for key, n in memory.state().counts.items() if key.account == "acme"} == {
        REGISTERED: 2,
        FAILED: 1,
        INVALID_DURATION: 1,
        PUBLISHED: 1,
    }
    assert memory.counts("zebra", CountKind.REGISTERED) == {"configuration": 1}
    assert memory.counts("zebra", CountKind.OUTCOME) == {"removed": 1}
    assert memory.of("zebra") == ()


def test_an_accounts_containers_are_in_the_order_of_their_last_changes() -> None:
    memory = ContainerMemory()
    memory.add([new("1"), new("2"), new("3")])

    memory.apply([Step(replace(new("1"), asked_at=START))])

    assert [record.container_id for record in memory.of("acme")] == ["2", "3", "1"]


def test_what_is_forgotten_stays_counted() -> None:
    memory = ContainerMemory()
    memory.add([new("1"), new("2")])
    memory.apply([failed(new("1"))])

    memory.forget(["1", "unknown"])

    assert memory.all() == [new("2")]
    summary = memory.summary("acme", ended_since=0.0, with_statuses=True)
    assert summary.statuses == {"2": ContainerStatus.PENDING}
    assert summary.outcomes == {ContainerOutcome.ERROR: 1}
    assert summary.errors == {ContainerErrorMessage.INVALID_DURATION: 1}


def test_an_account_that_was_only_looked_at_is_not_held() -> None:
    memory = ContainerMemory()

    assert memory.of("nobody") == ()
    assert memory.counts("nobody", CountKind.REPORTED) == {}

    assert memory.summary("nobody", ended_since=0.0, with_statuses=True) is NO_CONTAINERS


def test_a_state_does_not_change_after_it_was_given() -> None:
    memory = ContainerMemory()
    memory.add([new("1")])
    before = memory.state()

    memory.add([new("2")])
    memory.count("acme", CountKind.REPORTED, "unknown_error")

    assert before == StoredState([new("1")], {REGISTERED: 1})
