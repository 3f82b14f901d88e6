"""F22: the store's disk fails to write, or may not be written at all."""

import os
import resource
from pathlib import Path

import pytest

from exporter.simulator import World
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.publisher import BEFORE, MANY_REFUSED, Publisher, configure, sqlite_at
from tests.workspace import Workspace

_DROP = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
WITHOUT_OVERRIDE = _DROP if os.geteuid() == 0 else ()
"""Root may write whatever the mode says; the exporter is to be like any other user."""


def test_writes_that_fail_refuse_registrations_and_nothing_else(
    workspace: Workspace, live_world: World
) -> None:
    with serving(configure(workspace, live_world.add_user("acme"))) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        pid = exporter.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (16_384, hard))

        publisher.is_refused(MANY_REFUSED)
        publisher.sees_it_go_on("other")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        publisher.sees_it_recover()


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_that_may_not_be_written_ends_the_start_with_the_remedy(
    workspace: Workspace, live_world: World, mode: int
) -> None:
    folder = workspace.folder / "disk"
    folder.mkdir()
    config_file = configure(
        workspace, live_world.add_user("acme"), store=sqlite_at(folder / "store.db")
    )
    code, output = started_without_rights(config_file, folder, mode)

    assert code == 3
    assert output.splitlines()[-1].endswith("let the exporter's user write the file and its folder")


def started_without_rights(config_file: Path, folder: Path, mode: int) -> tuple[int, str]:
    folder.chmod(mode)
    try:
        with serving(config_file, launcher=WITHOUT_OVERRIDE) as exporter:
            return exporter.wait(), exporter.output
    finally:
        folder.chmod(0o700)


def test_a_configuration_on_a_read_only_disk_polls_with_a_budget_in_memory(
    workspace: Workspace, live_world: World
) -> None:
    config_file = workspace.configure([workspace.account(live_world.add_user("acme"))])
    workspace.folder.chmod(0o500)
    output = workspace.folder.with_name(f"{workspace.folder.name}-output")
    try:
        with serving(config_file, output=output, launcher=WITHOUT_OVERRIDE) as exporter:
            exporter.wait_until_ready()
            scrape = exporter.scrape()
            warnings = exporter.output.count("the call budget will not outlive this process")
    finally:
        workspace.folder.chmod(0o700)

    assert warnings == 1
    assert scrape.value("threads_exporter_store_up") is None
    assert scrape.value("threads_poll_success", account="acme", poll="quota") == 1
    assert not list(workspace.folder.glob("threads-exporter.db*"))
