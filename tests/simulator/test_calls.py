from dataclasses import FrozenInstanceError

import pytest
import requests

from exporter.domain import Endpoint
from exporter.simulator import Simulator, User, World, faults
from exporter.simulator.calls import AuthWay, Call
from tests.clock import ControlledClock
from tests.simulator.conftest import Caller


def test_a_call_is_logged_as_it_was(
    simulator: Simulator, acme: User, clock: ControlledClock
) -> None:
    clock.advance(5)
    requests.get(
        f"{simulator.base_url}/me/threads_publishing_limit?fields=quota_usage",
        headers={"Authorization": f"Bearer {acme.token.value}", "User-Agent": "test/1"},
        timeout=30,
    )

    assert simulator.calls == (
        Call(
            at=clock.wall(),
            monotonic=clock.monotonic(),
            method="GET",
            endpoint=Endpoint.PUBLISHING_LIMIT,
            path="/v1.0/me/threads_publishing_limit",
            query={"fields": "quota_usage"},
            token=acme.token.value,
            auth=AuthWay.HEADER,
            user_agent="test/1",
            status=200,
        ),
    )


def test_how_the_token_was_shown_is_logged(simulator: Simulator) -> None:
    for url in (f"{simulator.base_url}/me", f"{simulator.base_url}/me?access_token=t"):
        requests.get(url, timeout=30)

    assert [(call.auth, call.token) for call in simulator.calls] == [
        (AuthWay.NONE, None),
        (AuthWay.QUERY, "t"),
    ]


def test_a_header_without_a_bearer_token_is_none(simulator: Simulator) -> None:
    for header in ("Basic abc", "Bearer", ""):
        requests.get(f"{simulator.base_url}/me", headers={"Authorization": header}, timeout=30)

    assert [call.auth for call in simulator.calls] == [AuthWay.NONE] * 3


def test_calls_are_selected_by_token_and_endpoint(
    world: World, simulator: Simulator, caller: Caller
) -> None:
    other = Caller(simulator.base_url, world.add_user("other").token.value)
    caller.get("me")
    caller.get("17")
    other.get("17")

    assert [call.endpoint for call in world.calls(token=caller.token)] == ["me", "container"]
    assert [call.token for call in world.calls(endpoint=Endpoint.CONTAINER)] == [
        caller.token,
        other.token,
    ]
    assert len(world.calls(token=other.token, endpoint=Endpoint.CONTAINER)) == 1


def test_the_status_is_that_of_the_fault(world: World, caller: Caller) -> None:
    world.inject(faults.html_page(503), times=1)
    world.inject(faults.ConnectionReset(), endpoint=Endpoint.CONTAINER)
    caller.get("me")
    with pytest.raises(requests.ConnectionError):
        caller.get("17")

    assert [call.status for call in world.calls()] == [503, None]


def test_the_log_keeps_the_newest(clock: ControlledClock) -> None:
    world = World(clock, max_calls=2)
    with Simulator(world) as simulator:
        for number in range(3):
            requests.get(f"{simulator.base_url}/{number}", timeout=30)

    assert [call.path for call in world.calls()] == ["/v1.0/1", "/v1.0/2"]
    assert world.log.total == 3
    world.log.clear()
    assert (world.calls(), world.log.total) == ((), 0)


def test_a_logged_call_does_not_change(simulator: Simulator, caller: Caller) -> None:
    caller.get("me")

    with pytest.raises(FrozenInstanceError):
        simulator.calls[0].status = 500  # type: ignore[misc]  # what the test is about
