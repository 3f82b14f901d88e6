"""F9: near a limit the exporter makes room, at it it stops; headers of junk change nothing."""

import pytest

from exporter.domain import Endpoint
from exporter.simulator import User, World, faults
from exporter.simulator.containers import stays_in_progress
from exporter.simulator.faults import Fault
from tests.clock import ControlledClock
from tests.faults.canary import CanaryWorld
from tests.faults.own_time import MINUTE, RARELY, OwnTime, own_time
from tests.workspace import Section, Workspace

QUARTER = 15 * MINUTE
ALL = [Endpoint.CONTAINER, Endpoint.PUBLISHING_LIMIT]
PATIENTLY = {**RARELY, "containers": {"interval": "1m", "give_up_after": "1d"}}
ODD = "threads_exporter_header_parse_errors_total"
JUNK: dict[str, Fault] = {
    "no JSON": faults.app_usage("17%"),
    "half of it": faults.business_usage('{"1": [{"call_count": 9'),
    "a list": faults.app_usage("[]"),
    "text": faults.app_usage('{"call_count": "98"}'),
    "negative": faults.app_usage('{"call_count": -1}'),
    "not a number": faults.app_usage('{"call_count": NaN}'),
    "endless": faults.business_usage('{"1": [{"total_time": 1e400}]}'),
    "5 000 digits": faults.app_usage('{"call_count": %s}' % ("9" * 5000)),
    "60 000 nested arrays": faults.business_usage("[" * 60_000),
    "no ASCII": faults.app_usage("\xff\xfe"),
}


@pytest.fixture
def live_world(clock: ControlledClock) -> World:
    return CanaryWorld(clock)


def asked(life: OwnTime, user: User) -> list[str]:
    """Return what a probe of the account asks for, a minute later."""
    life.clock.advance(MINUTE)
    life.world.log.clear()
    life.probe(user)
    return sorted(life.endpoints(user))


def test_usage_from_eighty_to_a_hundred_percent_slows_down_and_stops(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    acme, other = (live_world.add_user(name, app=name) for name in ("acme", "other"))
    accounts = [with_container(workspace, user) for user in (acme, other)]
    asks = {}
    with own_time(workspace, live_world, clock, accounts, polling=PATIENTLY) as life:
        for percent in (79, 80, 94, 95, 100):
            usage = faults.app_usage({"call_count": percent})
            injection = live_world.inject(usage, token=acme.token.value)
            life.probe(acme)
            injection.clear()
            ratio = life.value("threads_api_usage_ratio", account="acme", resource="call_count")
            asks[percent] = ratio, asked(life, acme), asked(life, other)
            clock.advance(QUARTER)
            asked(life, acme)  # one call goes first after a pause
            assert asked(life, acme) == ALL

    assert asks == {
        79: (0.79, ALL, ALL),
        80: (0.8, [Endpoint.PUBLISHING_LIMIT], ALL),
        94: (0.94, [Endpoint.PUBLISHING_LIMIT], ALL),
        95: (0.95, [], ALL),
        100: (1.0, [], ALL),
    }


def test_calls_stop_until_access_is_regained(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    acme, sister = (live_world.add_user(name) for name in ("acme", "sister"))
    accounts = [with_container(workspace, user) for user in (acme, sister)]
    usage = {"type": "threads", "call_count": 97, "estimated_time_to_regain_access": 5}
    with own_time(workspace, live_world, clock, accounts, polling=PATIENTLY) as life:
        injection = live_world.inject(faults.business_usage({"1": [usage]}), token=acme.token.value)
        life.probe(acme)
        injection.clear()
        stopped = [asked(life, acme) for _ in range(4)]
        scopes = life.exporter.scrape().by("scope", "threads_exporter_paused_scopes")
        beside = asked(life, sister)
        clock.advance(MINUTE)
        asked(life, acme)  # one call goes first after a pause
        regained = asked(life, acme)

    assert (stopped, beside) == ([[]] * 4, ALL)
    assert scopes == {"account": 1, "app": 0, "inspector": 0}
    assert regained == ALL


def test_headers_of_junk_are_ignored_and_counted(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    users = {name: live_world.add_user(name, app=name) for name in JUNK}
    accounts = [workspace.account(user, app=name) for name, user in users.items()]
    with own_time(workspace, live_world, clock, accounts) as life:
        for name, user in users.items():
            live_world.inject(JUNK[name], token=user.token.value)
        outcomes = {name: (life.succeeds(user), life.value(ODD)) for name, user in users.items()}
        usage = life.exporter.scrape().select("threads_api_usage_ratio")
        failures = life.exporter.scrape().select("threads_poll_failures_total")

    assert outcomes == {name: (True, number) for number, name in enumerate(JUNK, 1)}
    assert usage == failures == []


def test_a_header_of_100_000_nested_arrays_is_left_unread_and_costs_its_answer_alone(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    acme, other = live_world.add_user("acme"), live_world.add_user("other")
    accounts = [workspace.account(user) for user in (acme, other)]
    nested = faults.app_usage("[" * 100_000)
    with own_time(workspace, live_world, clock, accounts) as life:
        injection = live_world.inject(nested, token=acme.token.value)
        failed, healthy = life.succeeds(acme), life.succeeds(other)
        reasons = life.exporter.scrape().by("reason", "threads_poll_failures_total")
        injection.clear()
        recovered = life.succeeds(acme)

    assert (failed, healthy, recovered) == (False, True, True)
    assert reasons == {"too_large": 1}


def with_container(workspace: Workspace, user: User) -> Section:
    container = user.add_container(life=stays_in_progress())
    return workspace.account(user, app=user.token.app, containers=[container.container_id])
