"""N10: an outage of all makes the polls rarer and out of step; then all are fresh within two."""

from itertools import pairwise
from statistics import mean

from exporter.domain import Endpoint
from exporter.simulator import User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import FAST_POLLING, Workspace

INTERVAL = 1.0
ACCOUNTS = 12
ROUNDS = 3
BUSY_MACHINE = 2.0
POLLING = {**FAST_POLLING, "token": {"interval": "1h"}}


def asked(world: World, user: User, status: int) -> list[float]:
    """Return when the user's quota was asked for with this result."""
    calls = world.calls(token=user.token.value, endpoint=Endpoint.PUBLISHING_LIMIT)
    return [call.monotonic for call in calls if call.status == status]


def usages(exporter: ExporterProcess) -> set[float]:
    return set(exporter.scrape().by("account", "threads_quota_usage", quota="publish").values())


def test_an_outage_makes_polls_rarer_and_all_accounts_are_fresh_soon_after(
    workspace: Workspace, live_world: World
) -> None:
    users = [live_world.add_user(f"account-{number:02}") for number in range(ACCOUNTS)]
    accounts = [workspace.account(user) for user in users]
    with serving(workspace.configure(accounts, polling=POLLING)) as exporter:
        exporter.wait_until_ready()
        live_world.log.clear()
        live_world.inject(faults.html_page(502))
        eventually(lambda: all(len(asked(live_world, user, 502)) > ROUNDS for user in users))
        for user in users:
            user.publish()
        live_world.clear_faults()
        eventually(lambda: usages(exporter) == {1})
    outage = [asked(live_world, user, 502) for user in users]
    recovery = [asked(live_world, user, 200) for user in users]

    rests = [later - earlier for times in outage for earlier, later in pairwise(times)]
    assert min(rests) > 0.9 * INTERVAL
    assert mean(rests) > 1.2 * INTERVAL
    for failed, succeeded in zip(outage, recovery, strict=True):
        fresh = min(moment for moment in succeeded if moment > failed[-1])
        assert fresh - failed[-1] < 2 * INTERVAL + BUSY_MACHINE
