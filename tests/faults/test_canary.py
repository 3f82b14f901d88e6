"""The search that every fault's test ends with finds a token wherever an exporter says it."""

from base64 import b64encode
from pathlib import Path

import pytest

from exporter.simulator import User, World
from tests.exporter_process import exporter_process, serving
from tests.faults.canary import Canary
from tests.workspace import Workspace

TOKEN = "THAA-a-token-that-is-misplaced"


@pytest.fixture
def other(tmp_path: Path, live_world: World) -> Canary:
    """Give a canary beside the one that fails the test; it knows of one token more."""
    canary = Canary(tmp_path, live_world)
    canary.tokens.add(TOKEN)
    return canary


def test_every_user_has_a_token_of_its_own(live_world: World) -> None:
    tokens = {live_world.add_user("acme").token.value for _ in range(3)}

    assert len(tokens) == 3


def test_a_token_in_the_log_is_found(tmp_path: Path, other: Canary) -> None:
    misplaced = tmp_path / b64encode(TOKEN.encode()).decode().rstrip("=")
    with other.watching(), exporter_process(f"--config.file={misplaced}", output=tmp_path) as ended:
        ended.wait()

    assert [place for place, _ in other.leaks()] == ["log 0"]


def test_a_token_on_the_command_line_is_found(tmp_path: Path, other: Canary) -> None:
    file = Workspace(tmp_path / TOKEN).configure()
    with other.watching(), serving(file) as exporter:
        exporter.wait_until_ready()

    assert f"command {exporter.process.pid}" in {place for place, _ in other.leaks()}


def test_a_token_in_an_answer_is_found(workspace: Workspace, acme: User, other: Canary) -> None:
    file = workspace.configure([workspace.account(acme, labels={"team": TOKEN})])
    with other.watching(), serving(file) as exporter:
        exporter.wait_until_ready()
        exporter.scrape()
    pid = exporter.process.pid

    places = {place for place, _ in other.leaks()}
    assert {"answers 0", f"/metrics of {pid}", f"/config of {pid}"} <= places


def test_a_token_in_the_store_is_found(tmp_path: Path, other: Canary) -> None:
    (tmp_path / "exporter.db-wal").write_bytes(b"\0\xff" + TOKEN.encode())

    assert [place for place, _ in other.leaks()] == ["exporter.db-wal"]


@pytest.mark.parametrize("place", ["tokens/1", "inspector.token", "config.yaml"])
def test_the_tokens_of_files_are_looked_for(
    workspace: Workspace, acme: User, other: Canary, place: str
) -> None:
    other.tokens.clear()
    if place == "config.yaml":
        workspace.configure([{"name": "inline", "access_token": TOKEN}])
    else:
        workspace.write(place, f"{TOKEN}\n")
    other.leaks()

    assert other.tokens == {acme.token.value, TOKEN}
