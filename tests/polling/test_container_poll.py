from itertools import pairwise

import pytest

from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerStatus,
    Endpoint,
    FailureReason,
    Poll,
)
from exporter.observations.model import ContainerSummary
from exporter.simulator import containers
from exporter.simulator.containers import Container, Life, Step
from exporter.simulator.faults import ConnectionReset, Fault, html_page, json_body
from exporter.simulator.graph import NOT_PROPAGATED, USER_LIMIT
from tests.polling.bench import HOUR, MINUTE, Bench, TakesTime

CONTAINER = Poll.CONTAINER
IN_PROGRESS = ContainerStatus.IN_PROGRESS


def asked(bench: Bench) -> list[str]:
    """Return the containers asked about since this was last asked, in order."""
    calls = bench.world.calls(endpoint=Endpoint.CONTAINER)
    bench.world.log.clear()
    return [call.path.rpartition("/")[2] for call in calls]


def asked_at(bench: Bench, container: Container) -> list[float]:
    """Return the ages at which the container was asked about, in minutes."""
    path = f"/v1.0/{container.container_id}"
    calls = bench.world.calls(endpoint=Endpoint.CONTAINER)
    return [(call.monotonic - container.created) / MINUTE for call in calls if call.path == path]


def test_it_gives_way_between_its_calls(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, *(acme.add_container().container_id for _ in range(3)))

    assert bench.poll(acme, CONTAINER)

    assert bench.gave_way_after == [1, 2]


@pytest.mark.parametrize(
    ("life", "status", "outcomes"),
    [
        (containers.stays_in_progress(), IN_PROGRESS, {}),
        (containers.finishes(0), ContainerStatus.FINISHED, {}),
        (containers.publishes(0, finished=0), ContainerStatus.PUBLISHED, {"PUBLISHED": 1}),
        (containers.fails("UNKNOWN", after=0), ContainerStatus.ERROR, {"ERROR": 1}),
        (containers.expires(0, finished=0), ContainerStatus.EXPIRED, {"EXPIRED": 1}),
        (Life((Step(0, "REVIEWED_BY_A_MODERATOR"),)), ContainerStatus.OTHER, {}),
    ],
)
def test_a_container_has_the_status_that_meta_tells(
    bench: Bench, life: Life, status: ContainerStatus, outcomes: dict[str, int]
) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=life)
    bench.track(acme, container.container_id)

    assert bench.poll(acme, CONTAINER)

    summary = bench.seen(acme).containers
    assert summary.by_status == {status: 1}
    assert summary.outcomes == outcomes
    assert [dict(call.query) for call in bench.calls(acme)] == [{"fields": "status,error_message"}]


@pytest.mark.parametrize("message", ContainerErrorMessage)
def test_each_documented_error_message_is_counted(
    bench: Bench, message: ContainerErrorMessage
) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.fails(message, after=0))
    bench.track(acme, container.container_id)

    bench.poll_each_minute(acme, CONTAINER, minutes=3)

    assert bench.seen(acme).containers.errors == {message: 1}
    assert asked(bench) == [container.container_id]


@pytest.mark.parametrize("message", ["FAILED_FRAME_RATE", "", None])
def test_any_other_error_message_is_counted_as_other(bench: Bench, message: str | None) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=[Step(0, "ERROR", message)])
    bench.track(acme, container.container_id)

    bench.poll(acme, CONTAINER)

    assert bench.seen(acme).containers.errors == {ContainerErrorMessage.OTHER: 1}


def test_an_id_without_a_status_is_that_of_the_published_post(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, acme.add_media())

    assert bench.poll(acme, CONTAINER)

    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.PUBLISHED: 1}


def test_a_young_container_is_unknown_at_first(bench: Bench) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.finishes(50).not_known_before(5))
    bench.track(acme, container.container_id)

    assert not bench.poll(acme, CONTAINER)
    assert bench.failure(acme, CONTAINER) is FailureReason.NOT_FOUND
    assert bench.seen(acme).containers.by_status == {ContainerStatus.PENDING: 1}

    bench.clock.advance(MINUTE)
    assert bench.poll(acme, CONTAINER)
    assert bench.seen(acme).containers.by_status == {ContainerStatus.FINISHED: 1}


def test_a_container_that_meta_forgets_is_lost(bench: Bench) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.stays_in_progress().lost_after(60))
    bench.track(acme, container.container_id)

    bench.poll_each_minute(acme, CONTAINER, minutes=60)
    assert bench.seen(acme).containers.outcomes == {}
    bench.poll_each_minute(acme, CONTAINER, minutes=60)

    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.LOST: 1}
    assert asked_at(bench, container) == [0, 1, 2, 3, 4, 5, 15, 60]


def test_an_outage_does_not_make_an_unknown_container_known(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, "17889615691921648")
    bench.poll_each_minute(acme, CONTAINER, minutes=4)
    outage = bench.world.inject(html_page(502))

    bench.poll_each_minute(acme, CONTAINER, minutes=50)
    assert bench.seen(acme).containers.outcomes == {}
    outage.clear()
    bench.poll_each_minute(acme, CONTAINER, minutes=10)

    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.LOST: 1}


def test_a_container_is_asked_about_each_minute_and_after_five_ever_more_rarely(
    bench: Bench,
) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.stays_in_progress())
    bench.track(acme, container.container_id)
    registered_at = bench.clock.wall()

    bench.poll_each_minute(acme, CONTAINER, minutes=5)
    assert bench.seen(acme).containers.outcomes == {}
    bench.poll_each_minute(acme, CONTAINER, minutes=24 * 60 - 5)
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}
    assert bench.seen(acme).containers.oldest_unfinished_at == registered_at
    bench.poll_each_minute(acme, CONTAINER, minutes=60)

    assert asked_at(bench, container) == [0, 1, 2, 3, 4, 5, 15, 60, 360, 1440]
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}
    assert bench.seen(acme).containers.oldest_unfinished_at is None


@pytest.mark.parametrize("seconds", [7, 13, 29, 59.5])
def test_at_no_pace_of_the_polls_are_two_calls_less_than_a_minute_apart(
    bench: Bench, seconds: float
) -> None:
    acme = bench.add_account("acme")
    lives = [containers.stays_in_progress(), containers.finishes(100), containers.fails(after=1000)]
    created = [acme.add_container(life=life) for life in lives]
    bench.track(acme, *(container.container_id for container in created))

    for _ in range(int(25 * HOUR / seconds)):
        bench.poll(acme, CONTAINER)
        bench.clock.advance(seconds)

    for container in created:
        ages = asked_at(bench, container)
        assert min(later - sooner for sooner, later in pairwise(ages)) >= 59 / 60
        assert len(ages) <= 12
    assert not bench.containers.has_open("acme")
    assert bench.seen(acme).containers.outcomes == {
        ContainerOutcome.GAVE_UP: 2,
        ContainerOutcome.EXPIRED: 1,
        ContainerOutcome.ERROR: 1,
    }


@pytest.mark.parametrize(
    ("life", "end"),
    [
        (containers.fails("INVALID_BIT_RATE", after=HOUR), ContainerOutcome.ERROR),
        (Life((Step(0, "IN_PROGRESS"), Step(2 * HOUR, "EXPIRED"))), ContainerOutcome.EXPIRED),
        (containers.publishes(20 * MINUTE, finished=10 * MINUTE), ContainerOutcome.PUBLISHED),
    ],
)
def test_what_ends_after_it_was_given_up_counts_all_the_same(
    bench: Bench, life: Life, end: ContainerOutcome
) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, acme.add_container(life=life).container_id)

    bench.poll_each_minute(acme, CONTAINER, minutes=6)
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}
    bench.poll_each_minute(acme, CONTAINER, minutes=6 * 60)

    seen = bench.seen(acme).containers
    assert seen.outcomes == {ContainerOutcome.GAVE_UP: 1, end: 1}
    failed = end is ContainerOutcome.ERROR
    assert seen.errors == ({ContainerErrorMessage.INVALID_BIT_RATE: 1} if failed else {})


def test_a_finished_container_that_nobody_publishes_expires(bench: Bench) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.finishes(30))
    bench.track(acme, container.container_id)

    bench.poll_each_minute(acme, CONTAINER, minutes=25 * 60)

    assert asked_at(bench, container) == [0, 1, 15, 60, 360, 1440]
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.EXPIRED: 1}


def test_a_finished_container_is_followed_until_it_is_published(bench: Bench) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.publishes(170, finished=50))
    bench.track(acme, container.container_id)
    statuses: list[ContainerStatus] = []

    for _ in range(17):
        bench.poll(acme, CONTAINER)
        statuses.extend(bench.seen(acme).containers.by_status)
        bench.clock.advance(MINUTE)

    assert statuses == ["IN_PROGRESS", *["FINISHED"] * 14, "PUBLISHED", "PUBLISHED"]
    assert bench.recorder.processed == [(ContainerStatus.FINISHED, 60.0)]
    assert asked_at(bench, container) == [0, 1, 15]
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.PUBLISHED: 1}


def test_a_container_that_is_not_found_does_not_stop_the_others(bench: Bench) -> None:
    acme = bench.add_account("acme")
    known = [acme.add_container().container_id for _ in range(2)]
    bench.track(acme, known[0], "17889615691921648", known[1])

    assert not bench.poll(acme, CONTAINER)

    assert asked(bench) == [known[0], "17889615691921648", known[1]]
    assert bench.failure(acme, CONTAINER) is FailureReason.NOT_FOUND
    assert bench.seen(acme).containers.by_status == {IN_PROGRESS: 2, ContainerStatus.PENDING: 1}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (json_body({"id": "1"}), FailureReason.MALFORMED),
        (html_page(404), FailureReason.HTTP_ERROR),
        (html_page(403), FailureReason.PERMISSION),
    ],
)
def test_an_answer_about_one_container_fails_the_poll_but_ends_no_run(
    bench: Bench, fault: Fault, reason: FailureReason
) -> None:
    acme = bench.add_account("acme")
    ids = [acme.add_container().container_id for _ in range(3)]
    bench.track(acme, *ids)
    bench.world.inject(fault, times=1)

    assert not bench.poll(acme, CONTAINER)

    assert asked(bench) == ids
    assert bench.failure(acme, CONTAINER) is reason


@pytest.mark.parametrize("fault", [ConnectionReset(), html_page(502), USER_LIMIT])
def test_a_failure_of_all_calls_ends_the_run(bench: Bench, fault: Fault) -> None:
    acme = bench.add_account("acme")
    ids = [acme.add_container().container_id for _ in range(3)]
    bench.track(acme, *ids)
    bench.world.inject(fault)

    assert not bench.poll(acme, CONTAINER)

    assert asked(bench) == ids[:1]
    assert bench.seen(acme).containers.by_status == {ContainerStatus.PENDING: 3}


def test_after_a_run_that_broke_off_the_next_begins_with_the_others(bench: Bench) -> None:
    acme = bench.add_account("acme")
    ids = [acme.add_container().container_id for _ in range(3)]
    bench.track(acme, *ids)
    bench.world.inject(html_page(502), times=1)
    bench.poll(acme, CONTAINER)
    asked(bench)
    bench.clock.advance(MINUTE)

    assert bench.poll(acme, CONTAINER)

    assert asked(bench) == [ids[1], ids[2], ids[0]]


def test_a_run_ends_after_an_interval_and_the_next_goes_on(bench: Bench) -> None:
    acme = bench.add_account("acme")
    ids = [acme.add_container().container_id for _ in range(6)]
    bench.track(acme, *ids)
    bench.world.inject(TakesTime(bench.clock, 20), endpoint=Endpoint.CONTAINER)

    bench.poll(acme, CONTAINER)
    assert asked(bench) == ids[:4]

    bench.poll(acme, CONTAINER)
    assert asked(bench) == [ids[4], ids[5], ids[0], ids[1]]


def test_a_container_that_is_not_listed_any_more_is_removed(bench: Bench) -> None:
    acme = bench.add_account("acme")
    kept, dropped = acme.add_container().container_id, acme.add_container().container_id
    assert bench.track(acme, kept, dropped) == [(CONTAINER, "acme")]
    bench.poll(acme, CONTAINER)
    bench.clock.advance(MINUTE)

    assert bench.track(acme, kept) == []
    bench.poll(acme, CONTAINER)

    assert bench.seen(acme).containers.by_status == {ContainerStatus.FINISHED: 1}
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.REMOVED: 1}
    assert asked(bench) == [kept, dropped, kept]


def test_a_failure_is_over_once_nothing_is_left_to_ask(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, "17889615691921648")
    bench.poll(acme, CONTAINER)

    bench.clock.advance(5)
    assert bench.poll(acme, CONTAINER)
    assert bench.failure(acme, CONTAINER) is FailureReason.NOT_FOUND

    bench.clock.advance(HOUR)
    assert not bench.poll(acme, CONTAINER)
    assert bench.poll(acme, CONTAINER)
    assert bench.failure(acme, CONTAINER) is None
    assert bench.seen(acme).polls[CONTAINER].total == 3

    assert bench.poll(acme, CONTAINER)
    assert bench.seen(acme).polls[CONTAINER].total == 3


def test_what_is_registered_during_a_poll_is_asked_about_and_seen_before(bench: Bench) -> None:
    acme = bench.add_account("acme")
    first, second = acme.add_container(), acme.add_container()
    bench.containers.register([("acme", first.container_id)])

    with bench.answers_held_back(acme, CONTAINER) as answer:
        assert bench.seen(acme).containers.by_status == {ContainerStatus.PENDING: 1}
        bench.containers.register([("acme", second.container_id)])
        assert answer()

    assert asked(bench)[-1] == second.container_id
    assert bench.containers.due("acme") == []


def test_an_account_without_containers_has_no_container_polls(bench: Bench) -> None:
    acme = bench.add_account("acme")

    assert bench.poll(acme, CONTAINER)

    assert bench.seen(acme).polls == {}
    assert bench.seen(acme).containers == ContainerSummary()
    assert not bench.containers.has_containers("acme")


def test_a_dead_token_makes_no_calls_and_a_new_one_shows_how_containers_ended(
    bench: Bench,
) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.fails(after=90))
    bench.track(acme, container.container_id)
    bench.poll(acme, CONTAINER)
    acme.revoke_token()

    bench.poll_each_minute(acme, CONTAINER, minutes=6)
    assert bench.seen(acme).token.valid is False
    assert asked_at(bench, container) == [0, 1]
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}

    bench.rotate(acme, "sim-token-acme-2")
    bench.poll_each_minute(acme, CONTAINER, minutes=10)
    assert bench.seen(acme).containers.outcomes == {
        ContainerOutcome.GAVE_UP: 1,
        ContainerOutcome.ERROR: 1,
    }


def test_a_dead_token_ends_containers_after_a_day(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, acme.add_container().container_id)
    acme.revoke_token()

    bench.poll_each_minute(acme, CONTAINER, minutes=24 * 60 + 1)

    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}
    assert not bench.containers.has_open("acme")
    assert len(bench.calls(acme, Endpoint.CONTAINER)) <= 1


def test_a_dead_api_is_asked_once_a_minute_and_all_that_waits_is_stored_at_once(
    stored_bench: Bench, commits: list[list[str]]
) -> None:
    acme = stored_bench.add_account("acme")
    ids = [acme.add_container().container_id for _ in range(5)]
    stored_bench.track(acme, *ids)
    stored_bench.world.inject(html_page(502))

    for _ in range(3 * 12):
        stored_bench.poll(acme, CONTAINER)
        stored_bench.clock.advance(5)

    assert asked(stored_bench) == ids[:3]
    assert [set(commit) for commit in commits] == [set(ids)] * 3
    next_asks = {record.next_ask_at for record in stored_bench.containers.all()}
    assert next_asks == {stored_bench.clock.wall()}


def test_one_accounts_containers_say_nothing_of_anothers(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.track(acme, acme.add_container().container_id)
    bench.track(zebra, zebra.add_container(life=containers.fails(after=0)).container_id)
    bench.world.inject(NOT_PROPAGATED, token=acme.token.value)

    bench.poll(acme, CONTAINER)
    bench.poll(zebra, CONTAINER)

    assert bench.failure(zebra, CONTAINER) is None
    assert bench.seen(acme).containers.by_status == {ContainerStatus.PENDING: 1}
    assert bench.seen(zebra).containers.by_status == {ContainerStatus.ERROR: 1}


def test_an_ended_container_counts_until_its_retention_is_over(bench: Bench) -> None:
    acme = bench.add_account("acme")
    container = acme.add_container(life=containers.fails("INVALID_DURATION", after=0))
    bench.track(acme, container.container_id)
    bench.poll(acme, CONTAINER)

    bench.clock.advance(24 * HOUR)
    assert bench.containers.forget_ended() == set()
    bench.poll(acme, CONTAINER)
    assert bench.seen(acme).containers.by_status == {ContainerStatus.ERROR: 1}

    bench.clock.advance(1)
    assert bench.containers.forget_ended() == {"acme"}
    bench.poll(acme, CONTAINER)
    assert bench.seen(acme).containers.by_status == {}
    assert bench.seen(acme).containers.errors == {ContainerErrorMessage.INVALID_DURATION: 1}
    assert len(asked(bench)) == 1
