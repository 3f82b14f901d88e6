"""F8: a rate limit stops the calls of whom it is about, for as long as Meta says, and no others."""

from collections.abc import Mapping
from email.utils import formatdate

import pytest

from exporter.domain import Endpoint
from exporter.simulator import World, faults, graph
from exporter.simulator.faults import Fault
from tests.clock import ControlledClock
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.canary import CanaryWorld
from tests.faults.own_time import DAY, OwnTime, own_time
from tests.workspace import Workspace

START = 1_790_000_000.0
BACK_OFF = (30.0, 60.0)
WAITS: Mapping[str, tuple[float, float]] = {
    "0": (1, 1),
    "1": (1, 1),
    "90": (90, 90),
    "1000000000": (DAY, DAY),
    "9" * 5000: (DAY, DAY),
    formatdate(START + 240, usegmt=True): (240, 240),
    formatdate(START - 240, usegmt=True): (1, 1),
    "1e9": BACK_OFF,
    "junk": BACK_OFF,
    "-5": BACK_OFF,
    "": BACK_OFF,
}
"""How long calls are kept back at least and at most, by what Meta names."""

OF_THE_APP = {"code 4": graph.APP_LIMIT, "code 341": graph.APP_USER_LIMIT}
OF_THE_ACCOUNT = {
    "status 429": faults.too_many_requests(),
    "code 17": graph.USER_LIMIT,
    "code 613": graph.CUSTOM_LIMIT,
}


@pytest.fixture
def clock() -> ControlledClock:
    return ControlledClock(wall_time=START)


@pytest.fixture
def live_world(clock: ControlledClock) -> World:
    return CanaryWorld(clock)


def kept_back(life: OwnTime, name: str) -> float:
    until = life.value("threads_account_paused_until_timestamp_seconds", account=name)
    return 0.0 if until is None else until - life.clock.wall()


def test_calls_stop_for_as_long_as_is_named_from_a_second_to_a_day(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    users = {
        wait: live_world.add_user(f"wait-{number}", app=f"app-{number}")
        for number, wait in enumerate(WAITS)
    }
    accounts = [workspace.account(user, app=user.token.app) for user in users.values()]
    with own_time(workspace, live_world, clock, accounts) as life:
        for wait, user in users.items():
            refusal = faults.too_many_requests(wait)
            live_world.inject(refusal, token=user.token.value, times=1)
        refused = [life.succeeds(user) for user in users.values()]
        waits = {wait: kept_back(life, user.name) for wait, user in users.items()}
        within = [life.succeeds(user) for user in users.values()]
        calls = len(live_world.calls())

        assert refused == within == [False] * len(users)
        assert calls == len(users)
        for wait, (least, most) in WAITS.items():
            assert least <= waits[wait] <= most, wait
        clock.advance(DAY)
        eventually(lambda: {life.succeeds(user) for user in users.values()} == {True})


@pytest.mark.parametrize(
    ("fault", "of_app"),
    [
        *(pytest.param(fault, True, id=name) for name, fault in OF_THE_APP.items()),
        *(pytest.param(fault, False, id=name) for name, fault in OF_THE_ACCOUNT.items()),
    ],
)
def test_a_limit_stops_all_that_it_is_about_and_no_others(
    workspace: Workspace,
    live_world: World,
    clock: ControlledClock,
    fault: Fault,
    *,
    of_app: bool,
) -> None:
    acme, sister = (live_world.add_user(name, app="one") for name in ("acme", "sister"))
    other = live_world.add_user("other", app="two")
    accounts = [workspace.account(user, app=user.token.app) for user in (acme, sister, other)]
    with own_time(workspace, live_world, clock, accounts) as life:
        live_world.inject(fault, token=acme.token.value, times=1)
        outcomes = {user.name: life.succeeds(user) for user in (acme, sister, other)}
        scrape = life.exporter.scrape()
        calls = {
            user.name: len(live_world.calls(token=user.token.value)) for user in (acme, sister)
        }

    assert outcomes == {"acme": False, "sister": not of_app, "other": True}
    assert calls == {"acme": 1, "sister": 0 if of_app else 1}
    paused = scrape.by("scope", "threads_exporter_paused_scopes")
    assert paused == {"account": not of_app, "app": of_app, "inspector": 0}
    reasons = scrape.by("account", "threads_poll_failures_total", reason="rate_limited")
    assert reasons == {"acme": 1} | ({"sister": 1} if of_app else {})


def test_a_limit_that_lasts_is_tried_ever_more_rarely(
    workspace: Workspace, live_world: World, clock: ControlledClock
) -> None:
    acme = live_world.add_user("acme")
    with own_time(workspace, live_world, clock, [workspace.account(acme)]) as life:
        live_world.inject(graph.USER_LIMIT)
        life.probe_each_minute(acme, 60)
        first_hour = len(life.endpoints(acme))
        life.probe_each_minute(acme, 120)
        next_two = len(life.endpoints(acme))

    assert 6 <= first_hour <= 9
    assert next_two <= 5


class TestByTheSystemsClock:
    @pytest.fixture
    def live_world(self) -> World:
        return CanaryWorld()

    def test_after_a_pause_of_the_app_one_account_goes_first(
        self, workspace: Workspace, live_world: World
    ) -> None:
        users = [live_world.add_user(f"account-{number}") for number in range(12)]
        slow = 1.0
        limit = [
            live_world.inject(graph.APP_LIMIT),
            live_world.inject(faults.retry_after("2")),
        ]
        with serving(workspace.configure(workspace.account(user) for user in users)) as exporter:
            eventually(
                lambda: exporter.scrape().value("threads_exporter_paused_scopes", scope="app")
            )
            live_world.inject(faults.Latency(slow), times=1)
            for injection in limit:
                injection.clear()
            live_world.log.clear()
            eventually(lambda: len(live_world.calls(endpoint=Endpoint.PUBLISHING_LIMIT)) >= 12)
            first, second, *_ = sorted(call.monotonic for call in live_world.calls())

        assert second - first >= slow
