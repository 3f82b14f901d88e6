"""F18: a process that was stopped makes up for nothing when it goes on, and is healthy."""

import signal
import time
from collections import Counter

from exporter.simulator import World
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.workspace import Workspace

ACCOUNTS = 5
HALT_SECONDS = 5.0
INTERVAL_SECONDS = 1.0


def test_no_poll_is_made_up_for(workspace: Workspace, live_world: World) -> None:
    accounts = [workspace.account(live_world.add_user(f"user-{n}")) for n in range(ACCOUNTS)]
    with serving(workspace.configure(accounts)) as exporter:
        exporter.wait_until_ready()
        exporter.send(signal.SIGSTOP)
        halted_at = time.monotonic()
        eventually(lambda: time.monotonic() > halted_at + HALT_SECONDS)
        live_world.log.clear()
        exporter.send(signal.SIGCONT)
        went_on_at = time.monotonic()
        eventually(lambda: len(live_world.calls()) >= 6 * ACCOUNTS)
        seconds = time.monotonic() - went_on_at
        calls = Counter((call.token, call.endpoint) for call in live_world.calls())
        eventually(lambda: exporter.get("/-/healthy").ok)
        jumps = exporter.scrape().value("threads_exporter_clock_jumps_total")
        exporter.send(signal.SIGTERM)

        assert exporter.wait() == 0

    # One that was under way, one that was due, and the usual rhythm.
    assert max(calls.values()) <= 2 + seconds / INTERVAL_SECONDS + 1
    assert jumps == 0
