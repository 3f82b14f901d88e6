"""F34: an exporter that is killed again and again makes no more calls than its budget."""

import signal
from pathlib import Path

import pytest

from exporter.simulator import User, World
from tests.exporter_process import serving
from tests.workspace import FAST_POLLING, Section, Workspace

pytest_plugins = ("tests.containers.backends",)

BUDGET = 8
CRASHES = 6


@pytest.fixture
def config_file(workspace: Workspace, acme: User, store_section: Section) -> Path:
    polling = {**FAST_POLLING, "call_budget": BUDGET}
    return workspace.configure([workspace.account(acme)], polling=polling, store=store_section)


def test_a_crash_loop_spends_no_more_than_the_budget(
    config_file: Path, live_world: World, acme: User
) -> None:
    made: list[int] = []
    for crash in range(CRASHES):
        with serving(config_file, output=config_file.parent / f"{crash}") as exporter:
            exporter.wait_until_ready()
            exporter.send(signal.SIGKILL)
            exporter.wait()
        made.append(len(live_world.calls(token=acme.token.value)))
    with serving(config_file, output=config_file.parent / "last") as exporter:
        exporter.wait_until_ready()
        scrape = exporter.scrape()
    failures = scrape.by("reason", "threads_poll_failures_total", account="acme", poll="quota")

    assert made[0] > 0
    assert BUDGET // 3 <= made[-1] <= BUDGET
    assert len(live_world.calls(token=acme.token.value)) == made[-1]
    assert scrape.value("threads_api_calls_24h", account="acme") == BUDGET
    assert failures["budget"] > 0
