import pytest

from exporter.domain import QuotaKind
from exporter.simulator import MissingPermission, User, World
from tests.clock import ControlledClock
from tests.simulator.conftest import Caller, error_of

ALL_FIELDS = (
    "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config,"
    "location_search_quota_usage,location_search_config"
)


def test_every_documented_field_is_answered(acme: User, caller: Caller) -> None:
    acme.publish(3)
    acme.reply(4)
    acme.delete(5)
    acme.search_location(6)

    assert caller.get("me/threads_publishing_limit", fields=ALL_FIELDS).json() == {
        "data": [
            {
                "quota_usage": 3,
                "config": {"quota_total": 250, "quota_duration": 86400},
                "reply_quota_usage": 4,
                "reply_config": {"quota_total": 1000, "quota_duration": 86400},
                "delete_quota_usage": 5,
                "delete_config": {"quota_total": 100, "quota_duration": 86400},
                "location_search_quota_usage": 6,
                "location_search_config": {"quota_total": 500, "quota_duration": 86400},
            }
        ]
    }


def test_without_fields_the_publish_usage_alone_is_answered(acme: User, caller: Caller) -> None:
    acme.publish(2)

    answer = caller.get(f"{acme.user_id}/threads_publishing_limit")

    assert answer.json() == {"data": [{"quota_usage": 2}]}


def test_usage_falls_when_the_oldest_item_leaves_the_window(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.publish(1)
    clock.advance(3600)
    acme.publish(2)

    clock.advance(86_400 - 3600 - 1)
    assert caller.quotas("quota_usage") == {"quota_usage": 3}
    clock.advance(1)
    assert caller.quotas("quota_usage") == {"quota_usage": 2}
    clock.advance(3600)
    assert caller.quotas("quota_usage") == {"quota_usage": 0}


def test_older_items_may_be_added_after_newer_ones(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.publish(1)
    acme.publish(2, ago=86_000)

    clock.advance(400)

    assert caller.quotas("quota_usage") == {"quota_usage": 1}


def test_speed_shortens_the_window(clock: ControlledClock) -> None:
    acme = World(clock, speed=86_400).add_user("acme")
    acme.publish(7)

    clock.advance(0.5)
    assert acme.usage(QuotaKind.PUBLISH) == 7
    clock.advance(0.5)
    assert acme.usage(QuotaKind.PUBLISH) == 0


def test_a_quota_can_be_changed(acme: User, caller: Caller) -> None:
    acme.set_quota(QuotaKind.REPLY, total=10)
    acme.set_quota(QuotaKind.REPLY, duration=60)
    acme.reply(12)

    assert caller.quotas("reply_quota_usage,reply_config") == {
        "reply_quota_usage": 12,
        "reply_config": {"quota_total": 10, "quota_duration": 60},
    }
    assert acme.left(QuotaKind.REPLY) == 0
    assert acme.left(QuotaKind.DELETE) == 100


def test_an_unknown_field_fails_the_whole_call(caller: Caller) -> None:
    answer = caller.get("me/threads_publishing_limit", fields="quota_usage,search_quota_usage")

    assert error_of(answer) == (400, 100, None)
    assert answer.json()["error"]["message"] == (
        "Tried accessing nonexisting field (search_quota_usage)"
    )
    assert answer.json()["error"]["type"] == "THApiException"


def test_a_field_can_be_withdrawn(world: World, caller: Caller) -> None:
    world.withdrawn_fields.add("delete_config")

    assert error_of(caller.get("me/threads_publishing_limit", fields=ALL_FIELDS))[1] == 100
    assert caller.quotas("quota_usage") == {"quota_usage": 0}


@pytest.mark.parametrize(
    ("behaviour", "code"), [(MissingPermission.CODE_10, 10), (MissingPermission.CODE_200, 200)]
)
def test_a_missing_permission_can_fail_the_whole_call(
    acme: User, caller: Caller, behaviour: MissingPermission, code: int
) -> None:
    acme.withdraw("threads_delete")
    acme.missing_permission = behaviour

    answer = caller.get("me/threads_publishing_limit", fields=ALL_FIELDS)

    assert error_of(answer) == (403, code, None)


def test_a_missing_permission_can_drop_its_pair_in_silence(acme: User, caller: Caller) -> None:
    acme.withdraw("threads_delete")
    acme.missing_permission = MissingPermission.DROPPED

    assert caller.quotas("quota_usage,delete_quota_usage,delete_config") == {"quota_usage": 0}
    acme.grant("threads_delete")
    assert caller.quotas("delete_quota_usage") == {"delete_quota_usage": 0}


def test_the_quotas_of_another_user_are_not_told(world: World, caller: Caller) -> None:
    other = world.add_user("other")

    answer = caller.get(f"{other.user_id}/threads_publishing_limit")

    assert error_of(answer) == (400, 100, 33)
