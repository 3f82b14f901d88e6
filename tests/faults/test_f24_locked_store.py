"""F24: something else locks the store's file; and a second exporter is started on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from exporter.simulator import World
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.publisher import BEFORE, Publisher, configure
from tests.faults.readings import read
from tests.running_exporter import running
from tests.workspace import Workspace


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_a_file_that_another_writer_locks_refuses_registrations_and_nothing_else(
    workspace: Workspace, live_world: World
) -> None:
    file = workspace.folder / "threads-exporter.db"
    with running(configure(workspace, live_world.add_user("acme"))) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        with locked(file):
            publisher.is_refused()
            publisher.sees_it_go_on("locked")
        publisher.sees_it_recover()


def test_a_second_exporter_is_refused_and_the_first_goes_on(
    workspace: Workspace, live_world: World
) -> None:
    config_file = configure(workspace, live_world.add_user("acme"))
    with serving(config_file) as first:
        publisher = Publisher(first)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        with serving(config_file, output=workspace.folder / "second") as second:
            code = second.wait()
        publisher.sees_it_recover()

    assert code == 3
    assert second.output.splitlines()[-1].endswith(
        "another process has it open: stop that one, or name another store"
    )


def test_a_second_exporter_that_tracks_nothing_polls_with_a_budget_in_memory(
    workspace: Workspace, live_world: World
) -> None:
    acme = live_world.add_user("acme")
    config_file = workspace.configure([workspace.account(acme)])
    with (
        serving(config_file) as first,
        serving(config_file, output=workspace.folder / "2") as second,
    ):
        for exporter in (first, second):
            exporter.wait_until_ready()
        polled = [read(exporter.scrape(), "acme").usage for exporter in (first, second)]
        warned = ["will not outlive" in exporter.output for exporter in (first, second)]
        up = [exporter.scrape().value("threads_exporter_store_up") for exporter in (first, second)]

    assert polled == [0, 0]
    assert sorted(warned) == [False, True]
    assert up == [None if each else 1 for each in warned]
