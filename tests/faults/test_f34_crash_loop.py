"""F34: an exporter that is killed again and again makes no more calls than its budget."""

import signal
from pathlib import Path

import pytest

from exporter.simulator import User, World
from tests.containers.postgresql_server import PASSWORD, USER, PostgresqlServer
from tests.exporter_process import serving
from tests.workspace import FAST_POLLING, Workspace

pytest_plugins = ("tests.containers.backends",)

BUDGET = 8
CRASHES = 6


@pytest.fixture
def acme(live_world: World) -> User:
    return live_world.add_user("acme")


@pytest.fixture(params=["default", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config_file(request: pytest.FixtureRequest, workspace: Workspace, acme: User) -> Path:
    polling = {**FAST_POLLING, "call_budget": BUDGET}
    accounts = [workspace.account(acme)]
    if request.param == "default":
        return workspace.configure(accounts, polling=polling)
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    database = request.getfixturevalue("database")
    workspace.write("tokens/database", PASSWORD)
    url = f"postgresql+psycopg://{USER}@127.0.0.1:{server.port}/{database}"
    store = {"url": url, "password_file": "tokens/database"}
    return workspace.configure(accounts, polling=polling, store=store)


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
