"""F15: accounts whose calls hang hold up no other account, and are fresh once they don't."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from exporter.domain import Endpoint
from exporter.simulator import Simulator, User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import FAST_POLLING, Workspace

ACCOUNTS = 30
HANGING = 10
INTERVAL = 2.0
POLLING = {
    **FAST_POLLING,
    "quota": {"interval": "2s"},
    "token": {"interval": "2s"},
}
SLOTS = 32
FEW_SLOTS = 8
ROUNDS = 2


def users_of(world: World, count: int) -> list[User]:
    return [world.add_user(f"account-{number:02}") for number in range(count)]


def hang(world: World, users: Iterable[User]) -> None:
    for user in users:
        world.inject(faults.Hang(), token=user.token.value)


def hangs(world: World, user: User) -> bool:
    """Return whether both polls of the user hang, if nothing else was called since."""
    return len(world.calls(token=user.token.value)) > 1


def asked(world: World, user: User) -> list[float]:
    """Return when the user's quota was asked for."""
    calls = world.calls(token=user.token.value, endpoint=Endpoint.PUBLISHING_LIMIT)
    return [call.monotonic for call in calls]


def longest_gaps(world: World, users: Iterable[User]) -> Mapping[str, float]:
    """Wait until each user's quota was asked for in some rounds, and return the longest pauses."""
    eventually(lambda: all(len(asked(world, user)) > ROUNDS for user in users))
    return {
        user.name: max(later - earlier for earlier, later in pairwise(asked(world, user)))
        for user in users
    }


def counted(exporter: ExporterProcess) -> Mapping[str, float]:
    return exporter.scrape().by("account", "threads_quota_usage", quota="publish")


def configured(workspace: Workspace, users: Iterable[User], slots: int, timeout: str) -> Path:
    accounts = [workspace.account(user) for user in users]
    polling = {**POLLING, "max_in_flight": slots}
    return workspace.configure(accounts, {"timeout": timeout}, polling=polling)


def test_others_wait_for_no_call_that_hangs_while_there_are_slots(
    workspace: Workspace, live_world: World
) -> None:
    users = users_of(live_world, ACCOUNTS)
    hanging, healthy = users[:HANGING], users[HANGING:]
    with serving(configured(workspace, users, SLOTS, "60s")) as exporter:
        exporter.wait_until_ready()
        live_world.log.clear()
        hang(live_world, hanging)
        eventually(lambda: all(hangs(live_world, user) for user in hanging))
        live_world.log.clear()
        gaps = longest_gaps(live_world, healthy)
        failed = failing(exporter)

    assert max(gaps.values()) < 2 * INTERVAL
    assert failed == set()


def test_others_are_polled_on_time_although_more_hang_than_there_are_slots(
    workspace: Workspace, live_world: World
) -> None:
    users = users_of(live_world, ACCOUNTS)
    hanging, healthy = users[:HANGING], users[HANGING:]
    with serving(configured(workspace, users, FEW_SLOTS, "2500ms")) as exporter:
        exporter.wait_until_ready()
        hang(live_world, hanging)
        # Each is found out by a call that holds a slot to its end.
        eventually(lambda: len(failing(exporter)) == HANGING)
        live_world.log.clear()
        gaps = longest_gaps(live_world, healthy)
        failed = failing(exporter)

    assert max(gaps.values()) < 2 * INTERVAL
    assert failed == {user.name for user in hanging}


def failing(exporter: ExporterProcess) -> set[str]:
    return set(exporter.scrape().by("account", "threads_poll_failures_total", poll="quota"))


def test_all_accounts_that_hung_are_fresh_soon_after(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    users = users_of(live_world, ACCOUNTS)
    with serving(configured(workspace, users, SLOTS, "2500ms")) as exporter:
        exporter.wait_until_ready()
        hang(live_world, users)
        eventually(lambda: len(failing(exporter)) == ACCOUNTS)
        for user in users:
            user.publish()
        live_world.clear_faults()
        live_simulator.release_hung()
        live_world.log.clear()
        recovered_at = live_world.clock.monotonic()
        eventually(lambda: set(counted(exporter).values()) == {1})
        took = live_world.clock.monotonic() - recovered_at
        calls = [asked(live_world, user) for user in users]

    # Two intervals, and as much again for a busy machine; no one makes up for what it missed.
    assert took < 4 * INTERVAL
    assert max(len(times) for times in calls) <= 3
