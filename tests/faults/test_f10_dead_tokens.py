"""F10: a token that dies in mid-flight shows at once and is left alone, until it is replaced."""

import pytest

from exporter.domain import Endpoint
from exporter.simulator import User, World, graph
from tests.clock import ControlledClock
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.canary import CanaryWorld
from tests.faults.own_time import RARELY, own_time
from tests.faults.readings import read
from tests.workspace import Workspace

DEATHS = {
    "revoked": graph.REVOKED,
    "expired": graph.expired(1_789_999_000),
    "session_invalidated": graph.SESSION_INVALIDATED,
    "malformed": graph.MALFORMED,
}


def valid(exporter: ExporterProcess) -> dict[str, float]:
    return exporter.scrape().by("account", "threads_token_valid")


def probe(exporter: ExporterProcess, users: list[User]) -> None:
    """Poll these accounts now."""
    for user in users:
        exporter.scrape(f"/probe?account={user.name}")


def calls_of(world: World, users: list[User]) -> list[int]:
    return [len(world.calls(token=user.token.value)) for user in users]


def test_dead_tokens_show_and_are_called_with_no_more_until_their_files_have_others(
    workspace: Workspace, live_world: World
) -> None:
    users = {name: live_world.add_user(name) for name in (*DEATHS, "healthy")}
    dead = [users[name] for name in DEATHS]
    accounts = [workspace.account(user) for user in users.values()]
    with serving(workspace.configure(accounts, polling=RARELY)) as exporter:
        exporter.wait_until_ready()
        alive = valid(exporter)
        for user in dead:
            user.reject_token(DEATHS[user.name])
        probe(exporter, dead)
        seen = exporter.scrape()
        calls = calls_of(live_world, dead)
        for _ in range(3):
            probe(exporter, dead)
        still = calls_of(live_world, dead)
        for user in dead:
            user.publish(3)
            user.rotate_token(f"{user.token.value}-2")
            workspace.write_token(user)
        # Else the next polls would be hours away.
        eventually(lambda: valid(exporter) == alive)
        eventually(lambda: {read(exporter.scrape(), name).usage for name in DEATHS} == {3})

    assert alive == dict.fromkeys(users, 1)
    invalid = seen.select("threads_token_invalid_reason")
    reasons = {sample.labels["account"]: sample.labels["reason"] for sample in invalid}
    assert reasons == {name: name for name in DEATHS}
    assert seen.by("account", "threads_token_valid") == {**dict.fromkeys(DEATHS, 0), "healthy": 1}
    assert still == calls


class TestByAClockOfItsOwn:
    @pytest.fixture
    def clock(self) -> ControlledClock:
        return ControlledClock()

    @pytest.fixture
    def live_world(self, clock: ControlledClock) -> World:
        return CanaryWorld(clock)

    def test_a_dead_token_is_asked_about_once_an_hour_and_may_live_again(
        self, workspace: Workspace, live_world: World, clock: ControlledClock
    ) -> None:
        acme = live_world.add_user("acme")
        container = acme.add_container()
        account = workspace.account(acme, containers=[container.container_id])
        with own_time(workspace, live_world, clock, [account]) as life:
            acme.revoke_token()
            life.probe_each_minute(acme, 1)
            life.endpoints(acme)
            life.probe_each_minute(acme, 59)
            first_hour = life.endpoints(acme)
            life.probe_each_minute(acme, 120)
            next_two = life.endpoints(acme)
            acme.accept_token()
            life.probe_each_minute(acme, 60)
            alive = life.value("threads_token_valid", account="acme")

        assert first_hour == []
        assert next_two == [Endpoint.DEBUG_TOKEN] * 2
        assert alive == 1
