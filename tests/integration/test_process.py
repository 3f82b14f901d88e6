"""The life of the process: signals, and what they leave undone or finish."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exporter.domain import Endpoint
from exporter.simulator import Simulator, User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.scrape import read_scrape
from tests.workspace import Workspace

SLOW_POLLING = {
    "quota": {"interval": "1d"},
    "token": {"interval": "1d"},
    "stale_after": "2d",
}


@pytest.fixture
def acme(live_world: World) -> User:
    return live_world.add_user("acme")


def refuses(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_though_calls_to_meta_hang(
    workspace: Workspace, live_world: World, acme: User, number: signal.Signals
) -> None:
    live_world.inject(faults.Hang())
    users = [acme, *(live_world.add_user(f"account-{index}") for index in range(9))]
    accounts = [workspace.account(user) for user in users]
    # Longer than the test waits for the process: nothing but the signal can end the calls in time.
    with serving(workspace.configure(accounts, {"timeout": "60s"})) as exporter:
        eventually(live_world.calls, lambda calls: len(calls) == 20)
        assert exporter.get("/metrics").status_code == 200
        exporter.send(number)

        assert exporter.wait(within=40) == 0

    assert f"msg=stopping signal={number.name}" in exporter.output
    assert "Traceback" not in exporter.output


def test_what_is_in_flight_is_finished_before_the_end(
    workspace: Workspace, live_world: World, live_simulator: Simulator, acme: User
) -> None:
    file = workspace.configure([workspace.account(acme)], polling=SLOW_POLLING)
    with serving(file) as exporter, ThreadPoolExecutor() as pool:
        exporter.wait_until_ready()
        acme.publish(3)
        live_world.log.clear()
        live_world.inject(faults.Hang(), endpoint=Endpoint.PUBLISHING_LIMIT)
        url = exporter.url
        in_flight = pool.submit(exporter.get, "/probe?account=acme")
        eventually(live_world.calls)
        exporter.send(signal.SIGTERM)
        eventually(lambda: refuses(url))
        live_world.clear_faults()
        live_simulator.release_hung()
        scrape = read_scrape(in_flight.result())

        assert exporter.wait() == 0

    assert scrape.value("probe_success") == 1
    assert scrape.value("threads_quota_usage", account="acme", quota="publish") == 3


def test_a_hangup_reloads(workspace: Workspace, live_world: World, acme: User) -> None:
    globex = live_world.add_user("globex")
    accounts = [workspace.account(acme)]
    with serving(workspace.configure(accounts)) as exporter:
        exporter.wait_until_ready()
        workspace.configure([*accounts, workspace.account(globex)])
        exporter.send(signal.SIGHUP)
        eventually(lambda: accounts_of(exporter), lambda names: names == {"acme", "globex"})
        workspace.write("config.yaml", "accounts: [")
        exporter.send(signal.SIGHUP)
        eventually(
            lambda: exporter.scrape().value("threads_exporter_config_last_reload_successful"),
            lambda value: value == 0,
        )
        kept = accounts_of(exporter)
        exporter.send(signal.SIGTERM)

        assert exporter.wait() == 0

    assert kept == {"acme", "globex"}
    assert f'msg="not reloaded" what=configuration problem="{workspace.config_file}:' in (
        exporter.output
    )


def accounts_of(exporter: ExporterProcess) -> set[str]:
    return set(exporter.scrape().by("account", "threads_account_info"))


def test_reloading_over_http_is_off_until_a_flag_allows_it(
    workspace: Workspace, acme: User, tmp_path: Path
) -> None:
    file = workspace.configure([workspace.account(acme)])
    with (
        serving(file, output=tmp_path / "off") as off,
        serving(file, "--web.enable-lifecycle", output=tmp_path / "on") as on,
    ):
        statuses = [exporter.get("/-/reload", method="POST").status_code for exporter in (off, on)]

    assert statuses == [403, 200]
