"""F3: a name that cannot be looked up, or not in time, holds up neither threads nor scrapes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import Simulator, World
from tests.certificates import Authority
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults import name_server
from tests.faults.name_server import Answers, NameServer
from tests.faults.readings import read
from tests.workspace import FAST_POLLING, Workspace

HOST = "graph.meta.example"
ACCOUNTS = 6
SLOTS = 8

pytestmark = pytest.mark.skipif(
    not name_server.is_possible(),
    reason="needs port 53 and a mount namespace: run as root, in a container with SYS_ADMIN",
)


@pytest.fixture
def config_file(tmp_path: Path, workspace: Workspace, live_world: World) -> Iterator[Path]:
    """Give the configuration of an exporter that asks the simulator by its name."""
    authority = Authority(tmp_path)
    pair = authority.issue("meta", HOST)
    with Simulator(live_world, certificate=pair.cert, key=pair.key) as simulator:
        api = {
            "base_url": f"https://{HOST}:{simulator.port}/v1.0",
            "ca_file": str(authority.file),
            "timeout": "1s",
        }
        users = [live_world.add_user(f"account-{number}") for number in range(ACCOUNTS)]
        accounts = [workspace.account(user) for user in users]
        yield workspace.configure(accounts, api, polling={**FAST_POLLING, "max_in_flight": SLOTS})


def failures(exporter: ExporterProcess) -> list[tuple[float, str]]:
    scrape = exporter.scrape()
    seen = [read(scrape, name) for name in scrape.by("account", "threads_account_info")]
    return [(reading.failed, reading.reasons) for reading in seen]


def all_read(exporter: ExporterProcess) -> bool:
    scrape = exporter.scrape()
    return len(scrape.select("threads_quota_usage", quota="publish")) == ACCOUNTS


def threads(exporter: ExporterProcess) -> int:
    return len(list(Path(f"/proc/{exporter.process.pid}/task").iterdir()))


@pytest.mark.parametrize(
    ("answers", "reason"), [(Answers.NO_SUCH_NAME, "dns"), (Answers.NOTHING, "timeout")]
)
def test_look_ups_that_fail_are_counted_bounded_and_got_over(
    config_file: Path, tmp_path: Path, answers: Answers, reason: str
) -> None:
    with (
        NameServer(answers).running() as server,
        serving(
            config_file, launcher=name_server.launcher(tmp_path, server, patience=2)
        ) as exporter,
    ):
        eventually(lambda: failures(exporter), lambda seen: all(n >= 1 for n, _ in seen))
        before = threads(exporter)
        seen = eventually(lambda: failures(exporter), lambda seen: all(n >= 3 for n, _ in seen))
        after = threads(exporter)
        server.answers = Answers.LOOPBACK
        eventually(lambda: all_read(exporter))

    assert {reasons for _, reasons in seen} == {reason}
    # With a thread for each look-up there would be many more; the web server may start one.
    assert after < before + ACCOUNTS
