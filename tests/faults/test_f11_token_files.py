"""F11: whatever becomes of a token's file, the last good token is used, and a new one at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.simulator import User, World
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.readings import read
from tests.running_exporter import RunningExporter, running
from tests.workspace import Workspace

FAILURES = "threads_exporter_token_reload_failures_total"
NEW_TOKEN = "THAAacme|rotated+/=%41"
Exporter = ExporterProcess | RunningExporter


def polled_at(exporter: Exporter) -> float:
    return read(exporter.scrape(), "acme").read_at or 0.0


def goes_on(exporter: Exporter) -> None:
    """See that a poll succeeds after now."""
    before = polled_at(exporter)
    eventually(lambda: polled_at(exporter) > before)


def failures(exporter: Exporter) -> float:
    return exporter.scrape().value(FAILURES) or 0.0


def empty(file: Path) -> None:
    file.write_text("")


def delete(file: Path) -> None:
    file.unlink()


def replace_by_a_folder(file: Path) -> None:
    folder = file.with_name("folder")
    folder.mkdir()
    _replace_by_a_link(file, folder)


def write_two_lines(file: Path) -> None:
    file.write_text("THAAhalf\nTHAArest\n")


def write_bytes(file: Path) -> None:
    file.write_bytes(b"\x00\xff\xfe")


def point_nowhere(file: Path) -> None:
    _replace_by_a_link(file, Path("gone"))


def _replace_by_a_link(file: Path, target: Path) -> None:
    """Have the file point there at once: it is never seen to be missing."""
    link = file.with_name("link")
    link.symlink_to(target)
    link.replace(file)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (empty, "is empty"),
        (delete, "No such file or directory"),
        (replace_by_a_folder, "Is a directory"),
        (write_two_lines, "holds a blank, a control or a non-ASCII character"),
        (write_bytes, "holds bytes that are not ASCII"),
        (point_nowhere, "No such file or directory"),
    ],
)
def test_a_spoilt_file_leaves_the_last_good_token_until_a_new_one_is_there(
    workspace: Workspace,
    live_world: World,
    acme: User,
    spoil: Callable[[Path], None],
    problem: str,
) -> None:
    file = workspace.write_token(acme)
    with (
        capture_logs() as logs,
        running(workspace.configure([workspace.account(acme)])) as exporter,
    ):
        exporter.wait_until_ready()
        spoil(file)
        eventually(lambda: failures(exporter) > 0)
        goes_on(exporter)
        valid_meanwhile = exporter.scrape().value("threads_token_valid", account="acme")
        acme.rotate_token(NEW_TOKEN)
        workspace.write_token(acme)
        eventually(lambda: live_world.calls(token=NEW_TOKEN))
        goes_on(exporter)

    told = [str(line) for line in logs if "token not read" in line["event"]]
    assert valid_meanwhile == 1
    assert [problem in line for line in told] == [True]
    assert str(file) in told[0]
    assert not any(content in line for content in ("THAAhalf", acme.token.value) for line in told)


def test_a_volume_whose_link_is_swapped_gives_the_new_token(
    workspace: Workspace, live_world: World, acme: User
) -> None:
    old, new = workspace.folder / "tokens-1", workspace.folder / "tokens-2"
    for folder, token in ((old, acme.token.value), (new, NEW_TOKEN)):
        workspace.write(f"{folder.name}/token", token)
    data = workspace.folder / "..data"
    data.symlink_to(old.name)
    (workspace.folder / "token").symlink_to("..data/token")
    account = {
        **workspace.account(acme),
        "access_token_file": str(workspace.folder / "token"),
    }
    with serving(workspace.configure([account])) as exporter:
        exporter.wait_until_ready()
        acme.rotate_token(NEW_TOKEN)
        swapped = workspace.folder / "..data_tmp"
        swapped.symlink_to(new.name)
        swapped.replace(data)
        eventually(lambda: live_world.calls(token=NEW_TOKEN))
        goes_on(exporter)
        failed = failures(exporter)

    assert failed == 0


def test_half_a_token_is_refused_and_the_rest_mends_it(
    workspace: Workspace, live_world: World, acme: User
) -> None:
    file = workspace.write_token(acme)
    with running(workspace.configure([workspace.account(acme)])) as exporter:
        exporter.wait_until_ready()
        acme.rotate_token(NEW_TOKEN)
        file.write_text(NEW_TOKEN[:10])
        eventually(lambda: live_world.calls(token=NEW_TOKEN[:10]))
        workspace.write_token(acme)
        eventually(lambda: live_world.calls(token=NEW_TOKEN))
        goes_on(exporter)
        eventually(lambda: exporter.scrape().value("threads_token_valid", account="acme") == 1)


def test_a_file_that_others_may_read_is_warned_of(workspace: Workspace, acme: User) -> None:
    file = workspace.write_token(acme)
    config_file = workspace.configure([workspace.account(acme)])
    file.chmod(0o644)
    with serving(config_file) as exporter:
        exporter.wait_until_ready()

    warned = [line for line in exporter.output.splitlines() if "level=warn" in line]
    assert any(str(file) in line and "chmod 600" in line for line in warned)
