from collections.abc import Callable

import pytest
import requests

from exporter.simulator import Inspectors, Simulator, User, World
from exporter.simulator.graph import CHECKPOINTED
from tests.clock import ControlledClock
from tests.simulator.conftest import Caller, error_of

DAY = 86_400


def inspected(caller: Caller, token: str) -> requests.Response:
    return caller.get("debug_token", input_token=token)


def test_a_valid_token_knows_its_user(acme: User, caller: Caller) -> None:
    assert caller.get("me", fields="id").json() == {"id": acme.user_id}
    assert caller.get(acme.user_id, fields="id,username").json() == {
        "id": acme.user_id,
        "username": "acme",
    }
    assert error_of(caller.get("me", fields="email")) == (400, 100, None)


def test_a_token_is_taken_from_the_query_too(acme: User, simulator: Simulator) -> None:
    answer = requests.get(
        f"{simulator.base_url}/me", params={"access_token": acme.token.value}, timeout=30
    )

    assert answer.json() == {"id": acme.user_id}


def test_a_call_needs_a_token(simulator: Simulator) -> None:
    assert error_of(requests.get(f"{simulator.base_url}/me", timeout=30)) == (400, 104, None)


def test_an_unknown_token_cannot_be_parsed(simulator: Simulator) -> None:
    answer = Caller(simulator.base_url, "nobody").get("me")

    assert error_of(answer) == (400, 190, None)
    assert answer.headers["WWW-Authenticate"] == (
        'OAuth "Facebook Platform" "invalid_token" '
        '"Invalid OAuth access token - Cannot parse access token"'
    )


@pytest.mark.parametrize(
    ("harm", "subcode", "message"),
    [
        (User.revoke_token, 458, "The user has not authorized application"),
        (User.invalidate_session, 460, "The session has been invalidated because"),
        (User.break_token, None, "Failed to decode"),
        (User.expire_token, 463, "Session has expired on Monday, 21-Sep-26 14:12:20 UTC."),
        (lambda user: user.reject_token(CHECKPOINTED), 459, "checkpoint"),
    ],
)
def test_dead_tokens_are_refused(
    acme: User, caller: Caller, harm: Callable[[User], None], subcode: int | None, message: str
) -> None:
    harm(acme)

    answer = caller.get("me/threads_publishing_limit")

    assert error_of(answer) == (400, 190, subcode)
    assert message in answer.json()["error"]["message"]


def test_a_refused_token_can_be_accepted_again(acme: User, caller: Caller) -> None:
    acme.revoke_token()
    acme.accept_token()

    assert caller.get("me").status_code == 200


def test_a_token_expires_by_the_wall_clock(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.set_token(expires_at=int(clock.wall()) + 60)

    clock.advance(59)
    assert caller.get("me").status_code == 200
    clock.advance(1)
    assert error_of(caller.get("me")) == (400, 190, 463)


def test_a_token_without_expiry_lives_on(
    acme: User, caller: Caller, clock: ControlledClock
) -> None:
    acme.set_token(expires_at=0)
    clock.advance(1000 * DAY)

    assert inspected(caller, acme.token.value).json()["data"]["expires_at"] == 0
    assert caller.get("me").status_code == 200


@pytest.mark.parametrize(("old_stays_valid", "status"), [(False, 400), (True, 200)])
def test_a_token_is_rotated(
    acme: User, caller: Caller, simulator: Simulator, *, old_stays_valid: bool, status: int
) -> None:
    acme.rotate_token("sim-token-new", old_stays_valid=old_stays_valid)

    assert caller.get("me").status_code == status
    assert Caller(simulator.base_url, "sim-token-new").get("me").json() == {"id": acme.user_id}


def test_a_fresh_token_replaces_a_revoked_one(acme: User, simulator: Simulator) -> None:
    acme.revoke_token()

    acme.rotate_token("sim-token-new")

    assert Caller(simulator.base_url, "sim-token-new").get("me").json() == {"id": acme.user_id}


def test_a_token_is_described(acme: User, caller: Caller, clock: ControlledClock) -> None:
    now = int(clock.wall())
    acme.set_token(
        issued_at=now - 5,
        expires_at=now + 60 * DAY,
        data_access_expires_at=now + 90 * DAY,
        scopes=["threads_basic", "threads_delete"],
    )

    assert inspected(caller, acme.token.value).json() == {
        "data": {
            "type": "USER",
            "application": "main",
            "data_access_expires_at": now + 90 * DAY,
            "expires_at": now + 60 * DAY,
            "is_valid": True,
            "issued_at": now - 5,
            "scopes": ["threads_basic", "threads_delete"],
            "user_id": acme.user_id,
        }
    }


def test_a_tester_sees_why_a_token_died(world: World, acme: User, simulator: Simulator) -> None:
    tester = Caller(simulator.base_url, world.add_tester("tester").token.value)
    acme.revoke_token()

    answer = inspected(tester, acme.token.value)

    assert answer.status_code == 200
    assert answer.json()["data"]["is_valid"] is False
    assert answer.json()["data"]["error"] == {
        "code": 190,
        "message": "Error validating access token: The user has not authorized application 4242.",
        "subcode": 458,
    }


def test_a_tester_asks_about_garbage(world: World, simulator: Simulator) -> None:
    tester = Caller(simulator.base_url, world.add_tester("tester").token.value)

    assert inspected(tester, "garbage").json() == {
        "data": {
            "error": {
                "code": 190,
                "message": "Invalid OAuth access token - Cannot parse access token",
            },
            "is_valid": False,
            "scopes": [],
        }
    }


@pytest.mark.parametrize(
    ("inspectors", "itself", "another"),
    [
        (Inspectors.ANYONE, 200, 200),
        (Inspectors.SELF_OR_TESTER, 200, 400),
        (Inspectors.TESTERS, 400, 400),
    ],
)
def test_who_may_inspect_can_be_set(
    world: World, acme: User, caller: Caller, *, inspectors: Inspectors, itself: int, another: int
) -> None:
    other = world.add_user("other")
    world.inspectors = inspectors

    assert inspected(caller, acme.token.value).status_code == itself
    assert inspected(caller, other.token.value).status_code == another


def test_nobody_inspects_a_token_of_another_app(
    world: World, acme: User, simulator: Simulator
) -> None:
    tester = world.add_tester("tester", app="another app")

    answer = inspected(Caller(simulator.base_url, tester.token.value), acme.token.value)

    assert error_of(answer) == (400, 100, None)


@pytest.mark.parametrize(("allowed", "status"), [(False, 400), (True, 200)])
def test_whether_a_dead_token_may_ask_about_itself_can_be_set(
    world: World, acme: User, caller: Caller, *, allowed: bool, status: int
) -> None:
    other = world.add_user("other")
    world.inspectors = Inspectors.ANYONE
    world.dead_tokens_inspect_themselves = allowed
    acme.invalidate_session()

    assert inspected(caller, acme.token.value).status_code == status
    assert inspected(caller, other.token.value).status_code == 400
    assert caller.get("me").status_code == 400
