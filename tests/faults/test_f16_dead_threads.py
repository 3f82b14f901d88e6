"""A thread that dies is replaced, or shows and ends the process: nobody serves yesterday's news."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.simulator import User, World
from tests.eventually import eventually
from tests.exporter_process import exporter_process, serving
from tests.faults.killed_threads import kill_thread, threads_named
from tests.running_exporter import OFTEN, RunningExporter, running
from tests.workspace import Workspace

Kill = Callable[[str], None]

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def acme(live_world: World) -> User:
    return live_world.add_user("acme")


@pytest.fixture
def kill() -> Kill:
    """Give what kills a thread that was started since, and waits for its end."""
    others = set(threading.enumerate())

    def kill(name: str) -> None:
        found = eventually(
            lambda: [thread for thread in threads_named(name) if thread not in others]
        )
        eventually(lambda: is_killed(found[0]))

    return kill


def is_killed(thread: threading.Thread) -> bool:
    """Try again: what runs in the thread may catch what was raised."""
    if thread.is_alive():
        kill_thread(thread)
    return not thread.is_alive()


def polls(exporter: RunningExporter) -> float:
    return exporter.scrape().value("threads_polls_total", account="acme", poll="quota") or 0


def wait_for_a_poll(exporter: RunningExporter) -> None:
    before = polls(exporter)
    eventually(lambda: polls(exporter) > before)


@pytest.mark.parametrize("name", ["APScheduler", "polls_0", "upkeep_0", "deadlines"])
def test_a_dead_loop_shows_in_the_health_at_once(
    workspace: Workspace, acme: User, kill: Kill, name: str
) -> None:
    file = workspace.configure([workspace.account(acme)], {"timeout": "1s"})
    with running(file, upkeep=OFTEN) as exporter:
        exporter.wait_until_ready()
        healthy = exporter.get("/-/healthy")
        kill(name)
        dead = exporter.get("/-/healthy")
        scrape = exporter.scrape()

    assert healthy.status_code == 200
    assert dead.status_code == 503
    assert f"the thread {name} has died" in dead.text
    assert scrape.value("threads_account_info", account="acme") == 1


def test_a_dead_worker_is_replaced_three_times(
    workspace: Workspace, acme: User, kill: Kill
) -> None:
    with running(workspace.configure([workspace.account(acme)])) as exporter:
        exporter.wait_until_ready()
        seen = []
        for _ in range(4):
            kill("poll_")
            exporter.service.mend()
            seen.append(exporter.get("/-/healthy").status_code)
            wait_for_a_poll(exporter)

    assert seen == [200, 200, 200, 503]


@pytest.mark.parametrize("name", ["polls_0", "web"])
def test_the_process_ends_with_3_once_a_thread_is_dead(
    workspace: Workspace, acme: User, tmp_path: Path, name: str
) -> None:
    order = tmp_path / "order"
    with exporter_process(
        f"--config.file={workspace.configure([workspace.account(acme)])}",
        "--web.listen-address=127.0.0.1:0",
        output=tmp_path / "output",
        launcher=(sys.executable, "-m", "tests.faults.killed_threads", str(order)),
    ) as exporter:
        exporter.wait_until_ready()
        order.write_text(name)
        code = exporter.wait(within=60)

    assert code == 3
    died = "the web server died" if name == "web" else f"the thread {name} has died"
    critical = [line for line in exporter.output.splitlines() if "level=critical" in line]
    assert died in critical[-1]


def test_each_loop_has_a_heartbeat(workspace: Workspace, acme: User) -> None:
    def beats() -> dict[str, float]:
        name = "threads_exporter_heartbeat_timestamp_seconds"
        return exporter.scrape().by("loop", name)

    with serving(workspace.configure([workspace.account(acme)])) as exporter:
        first = beats()
        later = eventually(
            beats, lambda seen: all(seen[loop] > first[loop] for loop in first), within=30
        )

    assert later.keys() == {"main", "polls", "upkeep", "web"}
