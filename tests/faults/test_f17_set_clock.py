"""F17: the wall clock is set while the exporter runs: the polls keep their rhythm, none is lost."""

import time
from collections import Counter
from pathlib import Path

import pytest

from exporter.simulator import World
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.set_clock import SetClock
from tests.workspace import Workspace

HOUR = 3600
ACCOUNTS = 5
INTERVAL_SECONDS = 1.0
EXPIRY = "threads_token_expiry_timestamp_seconds"


@pytest.mark.faketime
@pytest.mark.parametrize(
    "seconds_off", [-HOUR, 2 * HOUR, -int(time.time()) + HOUR], ids=["back", "forward", "1970"]
)
def test_polls_go_on_in_their_rhythm(
    workspace: Workspace, live_world: World, tmp_path: Path, seconds_off: int
) -> None:
    clock = SetClock(tmp_path / "clock")
    accounts = [workspace.account(live_world.add_user(f"user-{n}")) for n in range(ACCOUNTS)]
    with serving(workspace.configure(accounts), environment=clock.environment) as exporter:
        exporter.wait_until_ready()
        before = exporter.scrape().by("account", EXPIRY)
        jumps_before = exporter.scrape().value("threads_exporter_clock_jumps_total")
        live_world.log.clear()
        set_at = time.monotonic()
        clock.set(seconds_off)
        eventually(lambda: len(live_world.calls()) >= 8 * ACCOUNTS)
        seconds = time.monotonic() - set_at
        calls = Counter((call.token, call.endpoint) for call in live_world.calls())
        scrape = exporter.scrape()
        health = exporter.get("/-/healthy")

    assert (jumps_before, scrape.value("threads_exporter_clock_jumps_total")) == (0, 1)
    assert len(calls) == 2 * ACCOUNTS
    assert max(calls.values()) <= seconds / INTERVAL_SECONDS + 2
    assert health.text == "threads-exporter is healthy.\n"
    assert scrape.by("account", EXPIRY) == before
    # The time of the last success is by the clock as it was set.
    off = (scrape.value("threads_exporter_heartbeat_timestamp_seconds", loop="web") or 0) - (
        time.time() + seconds_off
    )
    assert abs(off) < HOUR / 2
