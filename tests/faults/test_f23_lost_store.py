"""F23: the store's file is deleted, replaced, emptied, damaged, or a newer exporter's.

A running exporter makes it anew from memory, and keeps what took its place; one that starts
refuses, and never begins with an empty store.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import World
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.publisher import AFTER, BEFORE, Publisher, configure
from tests.running_exporter import running
from tests.workspace import Workspace

JUNK = b"junk" * 1_000
Spoil = Callable[[Path], object]


def delete(file: Path) -> None:
    file.unlink()


def delete_all(file: Path) -> None:
    for part in file.parent.glob("threads-exporter.db*"):
        part.unlink()


def empty(file: Path) -> None:
    os.truncate(file, 0)


def overwrite(file: Path) -> None:
    file.write_bytes(JUNK)


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(JUNK)
    other.rename(file)


def replace_by_foreign(file: Path) -> None:
    other = file.with_name("other")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE foreign_table (id INTEGER)")
    other.rename(file)


def make_newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 1000")


WHILE_IT_RUNS: Final = {
    "gone": (delete, delete_all),
    "corrupt": (empty, overwrite),
    "replaced": (replace, replace_by_foreign),
}


@pytest.mark.parametrize(
    ("kind", "spoil"), [(kind, spoil) for kind, spoils in WHILE_IT_RUNS.items() for spoil in spoils]
)
def test_a_running_exporter_notices_and_writes_its_store_anew(
    workspace: Workspace, live_world: World, kind: str, spoil: Spoil
) -> None:
    file = workspace.folder / "threads-exporter.db"
    acme = live_world.add_user("acme")
    with running(configure(workspace, acme)) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        spoil(file)
        eventually(lambda: publisher.errors(kind) > 0)
        publisher.sees_it_recover()
    with serving(workspace.config_file) as again:
        listed = Publisher(again).listed()

    assert listed == {BEFORE, AFTER}


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (empty, "is empty, so what it held is lost: restore a backup, or delete it"),
        (overwrite, "is no SQLite database: restore a backup, or delete it"),
        (replace_by_foreign, "is the database of something else: name another file for the store"),
        (make_newer, "run that one, or name another store"),
    ],
)
def test_an_exporter_that_starts_refuses_it_as_it_is(
    workspace: Workspace, live_world: World, spoil: Spoil, remedy: str
) -> None:
    file = workspace.folder / "threads-exporter.db"
    config_file = configure(workspace, live_world.add_user("acme"))
    with running(config_file) as exporter:
        eventually(lambda: Publisher(exporter).register(BEFORE).status_code == 201)
    spoil(file)
    spoilt = file.read_bytes()

    with serving(config_file) as process:
        code = process.wait()

    assert code == 3
    assert process.output.splitlines()[-1].endswith(remedy)
    assert file.read_bytes() == spoilt
