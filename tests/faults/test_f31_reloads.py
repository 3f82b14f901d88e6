"""F31: a configuration is in force as a whole or not at all, and what it drops is gone."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from exporter.domain import Endpoint
from exporter.simulator import User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.readings import read
from tests.workspace import Section, Workspace

LAST_RELOAD = "threads_exporter_config_last_reload_successful"
MANY = 10_000
FEW = 3


@pytest.fixture
def globex(live_world: World) -> User:
    return live_world.add_user("globex")


def reload(exporter: ExporterProcess) -> requests.Response:
    return exporter.get("/-/reload", method="POST")


def accounts_of(exporter: ExporterProcess) -> set[str]:
    return set(exporter.scrape().by("account", "threads_account_info"))


def goes_on(exporter: ExporterProcess) -> None:
    before = read(exporter.scrape(), "acme").read_at or 0.0
    eventually(lambda: (read(exporter.scrape(), "acme").read_at or 0.0) > before)


def test_a_broken_or_half_written_file_leaves_all_as_it_is(
    workspace: Workspace, acme: User, globex: User
) -> None:
    entry = workspace.account(acme)
    file = workspace.configure([entry, workspace.account(globex)])
    whole = file.read_bytes()
    workspace.configure([entry])
    with serving(file, "--web.enable-lifecycle") as exporter:
        exporter.wait_until_ready()
        for content in broken(whole):
            file.write_bytes(content)
            refused = reload(exporter)
            assert (refused.status_code, accounts_of(exporter)) == (400, {"acme"}), content
            assert refused.text.startswith(str(file))
            assert exporter.scrape().value(LAST_RELOAD) == 0
        goes_on(exporter)
        file.write_bytes(whole)
        taken = reload(exporter)
        accounts, successful = accounts_of(exporter), exporter.scrape().value(LAST_RELOAD)

    assert taken.status_code == 200
    assert (accounts, successful) == ({"acme", "globex"}, 1)


def broken(whole: bytes) -> Iterator[bytes]:
    """Yield what a file may be while it is written, or never should be."""
    yield from (whole[: len(whole) * part // 8] for part in range(1, 8))
    yield from (b"accounts: [", b"accounts: 5", b"\x00\xff", b"- a\n- b", b"&a [*a, *a]")


def test_an_account_that_is_removed_is_gone_from_all_series(
    workspace: Workspace, live_world: World, acme: User, globex: User
) -> None:
    failing = globex.add_container()
    entries = [workspace.account(acme), workspace.account(globex)]
    entries[1] = {**entries[1], "containers": [failing.container_id]}
    file = workspace.configure(entries)
    with serving(file, "--web.enable-lifecycle") as exporter:
        exporter.wait_until_ready()
        live_world.inject(faults.Hang(), token=globex.token.value)
        live_world.log.clear()
        eventually(lambda: live_world.calls(token=globex.token.value))
        workspace.configure(entries[:1])
        reload(exporter)
        at_once = exporter.scrape()
        live_world.clear_faults()
        goes_on(exporter)
        later = exporter.scrape()

    for scrape in (at_once, later):
        assert "globex" not in {sample.labels.get("account") for sample in scrape.samples}


def shown(exporter: ExporterProcess) -> int:
    """Return how many accounts a scrape shows; reading all of them would take seconds."""
    name = "threads_account_info"
    answer = requests.get(f"{exporter.url}/metrics", params={"name[]": name}, timeout=30)
    return answer.text.count(f"{name}{{")


def test_ten_thousand_accounts_come_all_at_once(workspace: Workspace, live_world: World) -> None:
    live_world.inject(faults.Hang(), endpoint=Endpoint.PUBLISHING_LIMIT)
    live_world.inject(faults.Hang(), endpoint=Endpoint.DEBUG_TOKEN)
    file = configure(workspace, FEW)
    with serving(file, "--web.enable-lifecycle") as exporter, ThreadPoolExecutor(1) as pool:
        seen = {shown(exporter)}
        configure(workspace, MANY)
        reloading = pool.submit(reload, exporter)
        while not reloading.done():
            seen.add(shown(exporter))
        seen.add(shown(exporter))
        configure(workspace, FEW)
        back = reload(exporter)
        last = shown(exporter)

    assert (reloading.result().status_code, back.status_code) == (200, 200)
    assert seen == {FEW, MANY}
    assert last == FEW


def configure(workspace: Workspace, count: int) -> Path:
    """Write a configuration of so many accounts, of which one call at a time is made."""
    accounts: list[Section] = [
        {"name": f"user-{n}", "access_token": "THAAall|canary"} for n in range(count)
    ]
    polling = {"max_in_flight": 1, "quota": {"interval": "1d"}, "token": {"interval": "1d"}}
    content = {
        "api": {"base_url": workspace.base_url, "timeout": "60s"},
        "polling": {**polling, "stale_after": "2d"},
        "accounts": accounts,
    }
    return workspace.write("config.yaml", json.dumps(content))
