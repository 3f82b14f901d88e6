from exporter.simulator import User, World
from exporter.simulator.containers import (
    Life,
    Step,
    expires,
    fails,
    finishes,
    publishes,
    stays_in_progress,
)
from tests.clock import ControlledClock
from tests.simulator.conftest import Caller, error_of

MADE = "17889615691921648"


def statuses(life: Life, *ages: float) -> list[str]:
    return [life.at(age).status for age in ages]


def test_lives_reach_their_end() -> None:
    assert statuses(stays_in_progress(), 0, 1e9) == ["IN_PROGRESS", "IN_PROGRESS"]
    assert statuses(finishes(30), 29, 30, 86_400) == ["IN_PROGRESS", "FINISHED", "EXPIRED"]
    assert statuses(publishes(60, finished=30), 30, 60) == ["FINISHED", "PUBLISHED"]
    assert statuses(expires(90, finished=30), 30, 90) == ["FINISHED", "EXPIRED"]
    assert fails("INVALID_DURATION", 5).at(5) == Step(5, "ERROR", "INVALID_DURATION")


def test_a_life_can_be_scaled() -> None:
    life = finishes(30).not_known_before(2).lost_after(60).scaled(10)

    assert statuses(life, 299, 300) == ["IN_PROGRESS", "FINISHED"]
    assert (life.known_from, life.known_until) == (20, 600)


def test_a_container_is_processed_and_ready(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.add_container(MADE)

    assert caller.container(MADE) == {"status": "IN_PROGRESS", "id": MADE}
    clock.advance(30)
    assert caller.container(MADE) == {"status": "FINISHED", "id": MADE}


def test_a_failed_container_names_its_error_in_a_200(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.add_container(MADE, fails("FAILED_DOWNLOADING_VIDEO", after=10))
    clock.advance(10)

    answer = caller.get(MADE, fields="status,error_message")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ERROR",
        "id": MADE,
        "error_message": "FAILED_DOWNLOADING_VIDEO",
    }


def test_without_fields_a_container_has_its_id_alone(acme: User, caller: Caller) -> None:
    acme.add_container(MADE)

    assert caller.get(MADE).json() == {"id": MADE}


def test_a_life_can_be_any_steps(acme: User, caller: Caller, clock: ControlledClock) -> None:
    container = acme.add_container(life=[Step(5, "QUEUED"), Step(10, "ERROR", "NEW_REASON")])

    assert caller.container(container.container_id) == {
        "status": "QUEUED",
        "id": container.container_id,
    }
    clock.advance(10)
    assert caller.container(container.container_id) == {
        "status": "ERROR",
        "id": container.container_id,
        "error_message": "NEW_REASON",
    }


def test_speed_shortens_a_life(clock: ControlledClock) -> None:
    world = World(clock, speed=10)
    container = world.add_user("acme").add_container(life=finishes(30))

    clock.advance(3)

    age = world.state.seconds() - container.created
    assert container.life.at(age).status == "FINISHED"


def test_a_fresh_container_is_not_known_everywhere_yet(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.add_container(MADE, finishes().not_known_before(5))

    answer = caller.get(MADE, fields="status")
    assert error_of(answer) == (400, 24, 4279009)
    assert answer.json()["error"]["is_transient"] is False
    clock.advance(5)
    assert caller.container(MADE) == {"status": "IN_PROGRESS", "id": MADE}


def test_a_lost_container_is_unknown_from_then_on(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.add_container(MADE, stays_in_progress().lost_after(60))

    assert caller.container(MADE) == {"status": "IN_PROGRESS", "id": MADE}
    clock.advance(60)
    assert error_of(caller.get(MADE, fields="status")) == (400, 100, 33)


def test_unknown_forgotten_and_foreign_containers_look_alike(
    world: World, acme: User, caller: Caller
) -> None:
    acme.add_container(MADE)
    acme.forget_container(MADE)
    foreign = world.add_user("other").add_container().container_id

    for container_id in ("17", MADE, foreign):
        answer = caller.get(container_id, fields="status")
        assert error_of(answer) == (400, 100, 33)
        assert f"Object with ID '{container_id}' does not exist" in answer.text


def test_a_media_object_has_no_status(acme: User, caller: Caller) -> None:
    media_id = acme.add_media()

    answer = caller.get(media_id, fields="id,status")

    assert error_of(answer) == (400, 100, None)
    assert answer.json()["error"]["message"] == "Tried accessing nonexisting field (status)"
    assert caller.get(media_id, fields="id").json() == {"id": media_id}


def test_publishing_ends_a_life_and_counts(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.add_container(MADE)
    clock.advance(40)

    media_id = acme.publish_container(MADE)
    clock.advance(86_400 - 41)

    assert caller.container(MADE) == {"status": "PUBLISHED", "id": MADE}
    assert caller.quotas("quota_usage") == {"quota_usage": 1}
    assert error_of(caller.get(media_id, fields="status"))[1] == 100


def test_a_publisher_creates_and_publishes_over_http(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    created = caller.post("me/threads", media_type="VIDEO").json()["id"]
    early = caller.post("me/threads_publish", creation_id=created)
    clock.advance(30)
    published = caller.post(f"{acme.user_id}/threads_publish", creation_id=created)

    assert error_of(early) == (400, 24, 4279009)
    assert published.json()["id"] != created
    assert caller.container(created) == {"status": "PUBLISHED", "id": created}
    assert caller.quotas("quota_usage") == {"quota_usage": 1}


def test_what_is_not_there_or_past_the_quota_is_not_published(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.publish(250)
    acme.add_container(MADE)
    clock.advance(30)

    assert error_of(caller.post("me/threads_publish", creation_id="1")) == (400, 24, 4279009)
    assert error_of(caller.post("me/threads_publish", creation_id=MADE)) == (400, 9, 2207042)
