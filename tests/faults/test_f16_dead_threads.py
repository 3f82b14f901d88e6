"""F16: a thread that dies is replaced, or shows and ends the process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import User
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.killed_threads import kill, launcher
from tests.workspace import Workspace

UNHEALTHY = 503


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return tmp_path / "orders"


@pytest.fixture
def exporter(workspace: Workspace, acme: User, orders: Path) -> Iterator[ExporterProcess]:
    file = workspace.configure([workspace.account(acme)], {"timeout": "1s"})
    with serving(file, launcher=launcher(orders)) as exporter:
        exporter.wait_until_ready()
        yield exporter


def polls(exporter: ExporterProcess) -> float:
    return exporter.scrape().value("threads_polls_total", account="acme", poll="quota") or 0


def wait_for_a_poll(exporter: ExporterProcess) -> None:
    before = polls(exporter)
    eventually(lambda: polls(exporter) > before)


def critical(exporter: ExporterProcess) -> list[str]:
    return [line for line in exporter.output.splitlines() if "level=critical" in line]


@pytest.mark.parametrize("name", ["APScheduler", "polls_0", "upkeep_0", "deadlines"])
def test_a_dead_loop_shows_in_the_health_and_then_ends_the_process(
    exporter: ExporterProcess, orders: Path, name: str
) -> None:
    kill(name, orders)
    health = eventually(
        lambda: exporter.get("/-/healthy"), lambda answer: answer.status_code == UNHEALTHY
    )
    scrape = exporter.scrape()
    code = exporter.wait()

    assert f"the thread {name} has died" in health.text
    assert scrape.value("threads_account_info", account="acme") == 1
    assert code == 3
    assert f"the thread {name} has died" in critical(exporter)[-1]


def test_a_dead_web_server_ends_the_process_at_once(
    exporter: ExporterProcess, orders: Path
) -> None:
    kill("web", orders)

    assert exporter.wait() == 3
    assert "the web server died" in critical(exporter)[-1]


def test_a_dead_worker_is_replaced_three_times(exporter: ExporterProcess, orders: Path) -> None:
    for _ in range(3):
        kill("poll_", orders)
        wait_for_a_poll(exporter)
    healthy = exporter.get("/-/healthy").ok
    kill("poll_", orders)

    assert healthy
    assert exporter.wait() == 3


def test_each_loop_has_a_heartbeat(workspace: Workspace, acme: User) -> None:
    def beats() -> dict[str, float]:
        name = "threads_exporter_heartbeat_timestamp_seconds"
        return running.scrape().by("loop", name)

    with serving(workspace.configure([workspace.account(acme)])) as running:
        first = beats()
        later = eventually(beats, lambda seen: all(seen[loop] > first[loop] for loop in first))

    assert later.keys() == {"main", "polls", "upkeep", "web"}
