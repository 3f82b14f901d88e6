"""What is told of the SQLite file, and what happens to it under the process."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread, Timer

import pytest
from sqlalchemy import delete as delete_rows
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from exporter.containers.record import ContainerRecord
from exporter.containers.rows import StoredState
from exporter.containers.schema import VERSION, containers
from exporter.containers.sqlite import SqliteBackend, configure
from exporter.containers.store import ContainerStore
from exporter.containers.time_limit import time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from tests.containers.file_systems import make_read_only, small_file_system
from tests.containers.records import REGISTERED, many, new, published

pytest_plugins = ("tests.containers.backends",)

JUNK = b"This is not the database that you are looking for.\n" * 400


@pytest.fixture
def sqlite_store(sqlite_path: Path) -> Iterator[ContainerStore]:
    store = store_at(sqlite_path)
    store.open()
    yield store
    store.close()


@pytest.fixture
def backend(sqlite_path: Path) -> Iterator[SqliteBackend]:
    backend = SqliteBackend(make_url(f"sqlite:///{sqlite_path}"), 0.1)
    backend.open()
    yield backend
    backend.close()


def store_at(path: Path, timeout: float = 5.0) -> ContainerStore:
    return ContainerStore(f"sqlite:///{path}", timeout=timeout)


def trouble(call: Callable[[], object]) -> StoreTrouble:
    with pytest.raises(StoreError) as caught:
        call()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.kind


def ids(records: list[ContainerRecord]) -> set[str]:
    return {record.container_id for record in records}


def beside(path: Path) -> set[str]:
    return {file.name.removeprefix(path.name) for file in path.parent.iterdir()}


@contextmanager
def sqlite_session(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_only_the_exporters_user_reads_the_files(sqlite_path: Path) -> None:
    mask = os.umask(0)
    try:
        store = store_at(sqlite_path)
        store.open()
        store.register([new("1")])
    finally:
        os.umask(mask)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in sqlite_path.parent.iterdir()}
    store.close()
    name = sqlite_path.name
    assert modes == dict.fromkeys((name, f"{name}-wal", f"{name}-shm", f"{name}.lock"), 0o600)


def test_a_commit_is_on_disk_before_it_returns(backend: SqliteBackend) -> None:
    with backend.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 100


def test_a_file_system_without_a_write_ahead_log_is_refused() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(
            StoreError, match=r"^/x\.db: its file system takes no write-ahead log: keep "
        ),
    ):
        configure(connection, Path("/x.db"), "WAL")


def test_the_file_tells_whose_it_is(sqlite_store: ContainerStore, sqlite_path: Path) -> None:
    sqlite_store.close()

    header = sqlite_path.read_bytes()[:100]
    assert header[68:72] == b"ThrE"
    assert int.from_bytes(header[60:64]) == VERSION


def test_a_name_may_hold_what_means_something_in_a_url(tmp_path: Path) -> None:
    path = tmp_path / "a b#c&d=é;.db"

    store = store_at(path)
    store.open()
    store.register([new("1")])
    store.close()

    assert beside(path) == {"", ".lock"}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///threads-exporter.db",
        "mysql://exporter:hunter2@db/threads",
        "hunter2",
        "postgresql://exporter:hunter2@db:port/threads",
    ],
)
def test_a_url_of_no_store_is_refused_unquoted(url: str) -> None:
    with pytest.raises(StoreError, match=r"^store\.url: must ") as caught:
        ContainerStore(url)

    assert "hunter2" not in str(caught.value)
    assert caught.value.kind is StoreTrouble.OTHER


def test_postgresql_without_its_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exporter.containers.postgresql", None)

    with pytest.raises(StoreError) as caught:
        ContainerStore("postgresql+psycopg://exporter@db/threads")

    assert str(caught.value) == (
        "store.url: PostgreSQL needs psycopg: pip install 'threads-exporter[postgres]'"
    )


def write_foreign(path: Path) -> None:
    with sqlite_session(path) as connection:
        connection.execute("CREATE TABLE containers (id INTEGER)")


def write_newer_version(path: Path) -> None:
    write_store(path)
    with sqlite_session(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def write_newer_tables(path: Path) -> None:
    write_store(path)
    with sqlite_session(path) as connection:
        connection.execute("UPDATE schema_version SET version = version + 1")


def write_store(path: Path, container_id: str = "theirs") -> None:
    store = store_at(path)
    store.open()
    store.register([new(container_id)])
    store.close()


def write_damaged_store(path: Path) -> None:
    store = store_at(path)
    store.open()
    store.register(many(2_000))
    store.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8_192)


def write_orphan(path: Path) -> None:
    path.with_name(path.name + "-wal").write_bytes(JUNK)


@pytest.mark.parametrize(
    ("write", "kind", "message"),
    [
        (write_foreign, StoreTrouble.FOREIGN, "is the database of something else: name another"),
        (write_newer_version, StoreTrouble.NEWER, "was written by a newer threads-exporter (sch"),
        (write_newer_tables, StoreTrouble.NEWER, "was written by a newer threads-exporter (sche"),
        (write_damaged_store, StoreTrouble.CORRUPT, ""),
        (Path.touch, StoreTrouble.CORRUPT, "is empty, so what it held is lost: restore a backup"),
        (lambda path: path.write_bytes(JUNK), StoreTrouble.CORRUPT, "is no SQLite database: re"),
        (Path.mkdir, StoreTrouble.OTHER, "is no file: name one for the store"),
        (os.mkfifo, StoreTrouble.OTHER, "is no file: name one for the store"),
        (write_orphan, StoreTrouble.GONE, "is gone, but threads-exporter.db-wal is there: rest"),
    ],
)
def test_what_is_no_store_of_ours_is_refused_and_kept(
    sqlite_path: Path, write: Callable[[Path], None], kind: StoreTrouble, message: str
) -> None:
    write(sqlite_path)
    content = sqlite_path.read_bytes() if sqlite_path.is_file() else None
    store = store_at(sqlite_path)

    with pytest.raises(StoreError) as caught:
        store.open()

    assert caught.value.kind is kind
    assert str(caught.value).startswith(f"{sqlite_path}: {message}")
    assert (sqlite_path.read_bytes() if sqlite_path.is_file() else None) == content


def test_a_refused_store_opens_once_the_cause_is_gone(sqlite_path: Path) -> None:
    sqlite_path.write_bytes(JUNK)
    store = store_at(sqlite_path)
    assert trouble(store.open) is StoreTrouble.CORRUPT
    sqlite_path.unlink()

    store.open()

    assert store.register([new("1")]) == {"1"}
    store.close()


def test_a_damage_of_the_header_is_told(sqlite_path: Path) -> None:
    write_store(sqlite_path)
    with sqlite_path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 900)

    assert trouble(store_at(sqlite_path).open) is StoreTrouble.CORRUPT


def test_a_name_that_nobody_knows_is_told(sqlite_store: ContainerStore, sqlite_path: Path) -> None:
    sqlite_store.register([new("1")])
    with sqlite_session(sqlite_path) as connection:
        connection.execute("UPDATE containers SET status = 'DONE'")

    with pytest.raises(StoreError, match="'DONE' is not a valid ContainerStatus: rest") as caught:
        sqlite_store.load()

    assert caught.value.kind is StoreTrouble.CORRUPT


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    store = store_at(tmp_path / "missing" / "x.db")

    with pytest.raises(
        StoreError, match=r"No such file or directory: create its folder$"
    ) as caught:
        store.open()

    assert caught.value.kind is StoreTrouble.UNREACHABLE


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert trouble(store_at(tmp_path / "file" / "x.db").open) is StoreTrouble.OTHER


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with small_file_system(folder, "1M"):
        make_read_only(folder)

        with pytest.raises(StoreError, match="let the exporter's user write the file") as caught:
            store_at(folder / "x.db").open()

    assert caught.value.kind is StoreTrouble.READ_ONLY


def test_an_unwritable_file_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with small_file_system(folder, "1M"):
        write_store(folder / "x.db")
        make_read_only(folder)

        assert trouble(store_at(folder / "x.db").open) is StoreTrouble.READ_ONLY


def test_what_a_crash_left_of_the_creation_is_made_anew(sqlite_path: Path) -> None:
    for suffix in (".new", ".new-journal"):
        sqlite_path.with_name(sqlite_path.name + suffix).write_bytes(JUNK)

    write_store(sqlite_path)

    assert beside(sqlite_path) == {"", ".lock"}


def test_a_second_store_on_the_file_is_refused(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    with pytest.raises(StoreError, match="another process has it open: stop that one") as caught:
        store_at(sqlite_path).open()

    assert caught.value.kind is StoreTrouble.LOCKED
    assert sqlite_store.register([new("1")]) == {"1"}


OPEN = """
import sys
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
try:
    ContainerStore(sys.argv[1]).open()
except StoreError as error:
    print(error.kind)
else:
    print("opened")
"""


def test_a_second_process_is_refused_until_the_first_has_closed(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    command = [sys.executable, "-c", OPEN, f"sqlite:///{sqlite_path}"]

    first = subprocess.run(command, check=True, capture_output=True, text=True)
    sqlite_store.close()
    second = subprocess.run(command, check=True, capture_output=True, text=True)

    assert (first.stdout, second.stdout) == ("locked\n", "opened\n")


def test_a_store_may_be_opened_again(sqlite_store: ContainerStore, sqlite_path: Path) -> None:
    sqlite_store.open()
    assert sqlite_store.register([new("1")]) == {"1"}
    sqlite_store.close()

    other = store_at(sqlite_path)
    other.open()
    other.close()


def test_a_closed_store_takes_nothing(sqlite_store: ContainerStore) -> None:
    sqlite_store.close()

    with pytest.raises(StoreError, match=r"is not open: open it first$"):
        sqlite_store.register([new("1")])


def test_a_file_that_is_locked_for_long_is_told(sqlite_path: Path) -> None:
    store = store_at(sqlite_path, timeout=0.1)
    store.open()

    with sqlite_session(sqlite_path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r": end what else has the file open$") as caught:
            store.register([new("1")])
        other.execute("ROLLBACK")

    assert caught.value.kind is StoreTrouble.LOCKED
    assert store.register([new("1")]) == {"1"}
    store.close()


def test_a_file_that_is_locked_for_a_moment_is_waited_for(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    with closing(sqlite3.connect(sqlite_path, isolation_level=None, check_same_thread=False)) as (
        other
    ):
        other.execute("BEGIN IMMEDIATE")
        unlock = Timer(0.1, other.execute, ["ROLLBACK"])
        unlock.start()

        assert sqlite_store.register([new("1")]) == {"1"}
        unlock.join()


def test_what_another_wrote_meanwhile_is_no_obstacle(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    sqlite_store.register([new("1")])
    with closing(sqlite3.connect(sqlite_path, isolation_level=None, check_same_thread=False)) as (
        other
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE counts SET value = 5")
        unlock = Timer(0.1, other.execute, ["COMMIT"])
        unlock.start()

        assert sqlite_store.save([published(new("1"))]) == {"1"}
        unlock.join()


def test_a_file_that_is_only_locked_is_not_set_aside(sqlite_path: Path) -> None:
    store = store_at(sqlite_path, timeout=0.1)
    store.open()

    with sqlite_session(sqlite_path) as other:
        other.execute("BEGIN IMMEDIATE")
        assert trouble(lambda: store.restore(StoredState([new("1")], {}))) is StoreTrouble.LOCKED
        other.execute("ROLLBACK")

    assert beside(sqlite_path) == {"", "-wal", "-shm", ".lock"}
    assert store.load() == StoredState([], {})
    store.close()


def test_a_file_that_is_locked_is_not_opened(sqlite_path: Path) -> None:
    write_store(sqlite_path)

    with sqlite_session(sqlite_path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert trouble(store_at(sqlite_path, timeout=0.1).open) is StoreTrouble.LOCKED


def test_a_thread_waits_for_another_no_longer_than_for_the_file(backend: SqliteBackend) -> None:
    found: list[StoreTrouble] = []

    def use() -> None:
        found.append(trouble(backend.access().__enter__))

    with backend.access():
        thread = Thread(target=use)
        thread.start()
        thread.join()

    assert found == [StoreTrouble.LOCKED]


def test_a_time_limit_is_for_the_file_too(backend: SqliteBackend) -> None:
    waits = []
    for limit in (0.0, 60.0):
        with (
            time_limit(limit),
            backend.access(),
            backend.engine.begin() as connection,
        ):
            waits.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())

    assert waits[0] == 0 < waits[1] <= 100


def test_a_time_limit_is_for_other_threads_too(sqlite_path: Path) -> None:
    store = store_at(sqlite_path, timeout=3600.0)
    store.open()
    found: list[StoreTrouble] = []

    def register() -> None:
        with time_limit(0.0):
            found.append(trouble(lambda: store.register([new("1")])))

    with store.together():
        thread = Thread(target=register, daemon=True)
        thread.start()
        thread.join(60)

    assert found == [StoreTrouble.LOCKED]
    store.close()


def test_a_full_disk_is_told_and_recovered_from(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with small_file_system(folder, "1M"):
        store = store_at(folder / "x.db")
        store.open()
        store.register(many(100))
        ballast = folder / "ballast"
        fill(ballast)

        with pytest.raises(StoreError, match=r": free some space$") as caught:
            store.register([new(f"more-{number}") for number in range(1_000)])

        assert caught.value.kind is StoreTrouble.FULL
        assert ids([*store.load().records]) == ids(many(100))
        assert store.load().counts == {REGISTERED: 100}

        ballast.unlink()
        assert store.register([new("1")]) == {"1"}
        store.close()


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4_096)):
            pass


def test_a_full_disk_at_the_start_is_told_and_recovered_from(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with small_file_system(folder, "1M"):
        fill(folder / "ballast")
        store = store_at(folder / "x.db")

        assert trouble(store.open) is StoreTrouble.FULL
        assert not (folder / "x.db").exists()

        (folder / "ballast").unlink()
        store.open()
        store.close()


def test_a_disk_too_small_for_the_store_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with small_file_system(folder, "64k"):
        assert trouble(store_at(folder / "x.db").open) is StoreTrouble.FULL


def test_a_database_that_may_only_be_read_is_told(backend: SqliteBackend) -> None:
    statement = delete_rows(containers)
    with backend.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")
        with pytest.raises(OperationalError) as caught:
            connection.execute(statement)

    error = backend.explain(caught.value)
    assert error.kind is StoreTrouble.READ_ONLY
    assert str(error).endswith(": let the exporter's user write the file and its folder")


def test_a_connection_makes_no_file(backend: SqliteBackend, sqlite_path: Path) -> None:
    delete_all(sqlite_path)
    backend.engine.dispose()

    with pytest.raises(OperationalError):
        backend.engine.connect()
    assert not sqlite_path.exists()


def test_a_limit_on_the_size_of_files_is_told_and_recovered_from(
    sqlite_store: ContainerStore,
) -> None:
    sqlite_store.register([new("1")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StoreError, match=r": see to its disk, quota and") as caught:
            sqlite_store.register(many(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert caught.value.kind is StoreTrouble.OTHER
    assert sqlite_store.load() == StoredState([new("1")], {REGISTERED: 1})
    assert sqlite_store.register([new("2")]) == {"2"}


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()


def truncate(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_a_store(path: Path) -> None:
    write_store(path.with_name("theirs"))
    path.with_name("theirs").rename(path)
    path.with_name("theirs.lock").unlink()


def replace_by_junk(path: Path) -> None:
    path.with_name("junk").write_bytes(JUNK)
    path.with_name("junk").rename(path)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


LOSSES = pytest.mark.parametrize(
    ("lose", "kind"),
    [
        (delete, StoreTrouble.GONE),
        (delete_all, StoreTrouble.GONE),
        (truncate, StoreTrouble.CORRUPT),
        (replace_by_a_store, StoreTrouble.REPLACED),
        (replace_by_junk, StoreTrouble.REPLACED),
        (replace_by_a_folder, StoreTrouble.OTHER),
    ],
)


@LOSSES
def test_nothing_is_written_to_a_lost_file(
    sqlite_store: ContainerStore,
    sqlite_path: Path,
    lose: Callable[[Path], None],
    kind: StoreTrouble,
) -> None:
    sqlite_store.register([new("1")])
    lose(sqlite_path)

    assert trouble(lambda: sqlite_store.register([new("2")])) is kind
    assert trouble(lambda: sqlite_store.save([published(new("1"))])) is kind
    assert trouble(lambda: sqlite_store.forget(0.0)) is kind
    assert trouble(sqlite_store.load) is kind


@LOSSES
def test_a_lost_file_is_written_anew_and_what_took_its_place_is_kept(
    sqlite_store: ContainerStore,
    sqlite_path: Path,
    lose: Callable[[Path], None],
    kind: StoreTrouble,
) -> None:
    sqlite_store.register(many(3))
    state = sqlite_store.load()
    lose(sqlite_path)
    there = sqlite_path.exists()

    sqlite_store.restore(state)

    assert sqlite_store.load() == state
    assert sqlite_store.register([new("1")]) == {"1"}
    sqlite_store.close()
    assert {name for name in beside(sqlite_path) if not name.startswith(".aside-1-")} == (
        {"", ".lock", ".aside-1"} if there else {"", ".lock"}
    )
    sqlite_store.open()
    assert len(sqlite_store.load().records) == 4


def test_a_store_that_took_the_place_is_kept_whole(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    state = sqlite_store.load()
    replace_by_a_store(sqlite_path)

    sqlite_store.restore(state)

    aside = store_at(sqlite_path.with_name(sqlite_path.name + ".aside-1"))
    aside.open()
    assert ids([*aside.load().records]) == {"theirs"}
    aside.close()


def overwrite_by_foreign(path: Path) -> None:
    write_foreign(path.with_name("foreign"))
    path.write_bytes(path.with_name("foreign").read_bytes())


@pytest.mark.parametrize("write", [lambda path: path.write_bytes(JUNK), overwrite_by_foreign])
def test_a_file_overwritten_in_place_is_written_anew(
    sqlite_store: ContainerStore, sqlite_path: Path, write: Callable[[Path], None]
) -> None:
    sqlite_store.register(many(3))
    state = sqlite_store.load()
    write(sqlite_path)

    sqlite_store.restore(state)

    assert sqlite_store.load() == state
    assert ".aside-1" in beside(sqlite_path)


def test_a_second_loss_is_kept_beside_the_first(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    state = sqlite_store.load()
    for _ in range(2):
        replace_by_junk(sqlite_path)
        sqlite_store.restore(state)

    assert {".aside-1", ".aside-2"} <= beside(sqlite_path)


def test_a_commit_to_a_file_deleted_meanwhile_is_no_success(
    backend: SqliteBackend, sqlite_path: Path
) -> None:
    def lose() -> None:
        with backend.access():
            sqlite_path.unlink()

    assert trouble(lose) is StoreTrouble.GONE


def test_a_store_that_cannot_be_written_anew_can_be_later(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    sqlite_store.register(many(3))
    state = sqlite_store.load()
    delete_all(sqlite_path)
    obstacle = sqlite_path.with_name(sqlite_path.name + ".new")
    obstacle.mkdir()

    assert trouble(lambda: sqlite_store.restore(state)) is StoreTrouble.OTHER
    assert trouble(lambda: sqlite_store.register([new("1")])) is StoreTrouble.GONE

    obstacle.rmdir()
    sqlite_store.restore(state)
    assert sqlite_store.load() == state


def test_what_took_the_place_and_cannot_be_renamed_is_told(
    sqlite_store: ContainerStore, sqlite_path: Path
) -> None:
    state = sqlite_store.load()
    delete_all(sqlite_path)

    with small_file_system(sqlite_path, "64k"):
        assert trouble(lambda: sqlite_store.restore(state)) is StoreTrouble.OTHER
