"""A store in a SQLite file, for one process."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import RLock
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    QueuePool,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from exporter.containers.schema import VERSION, migrate, refuse_newer
from exporter.containers.sqlite_file import (
    APPLICATION_ID,
    FileIdentity,
    HeldHeader,
    ProcessLock,
    create,
    file_error,
    identity_of,
    refuse_foreign,
    refuse_orphans,
    set_aside,
)
from exporter.containers.time_limit import time_left, time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

_KINDS = {
    sqlite3.SQLITE_FULL: StoreTrouble.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: StoreTrouble.FULL,
    sqlite3.SQLITE_BUSY: StoreTrouble.LOCKED,
    sqlite3.SQLITE_LOCKED: StoreTrouble.LOCKED,
    sqlite3.SQLITE_READONLY: StoreTrouble.READ_ONLY,
    sqlite3.SQLITE_PERM: StoreTrouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StoreTrouble.UNREACHABLE,
    sqlite3.SQLITE_CORRUPT: StoreTrouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: StoreTrouble.CORRUPT,
}
_REMEDIES = {
    StoreTrouble.FULL: "free some space",
    StoreTrouble.LOCKED: "end what else has the file open",
    StoreTrouble.READ_ONLY: "let the exporter's user write the file and its folder",
    StoreTrouble.UNREACHABLE: "see to its folder, and to the limit of open files",
    StoreTrouble.CORRUPT: "restore a backup, or delete it",
    StoreTrouble.OTHER: "see to its disk, quota and file size limit",
}
_DAMAGED = frozenset(
    {StoreTrouble.CORRUPT, StoreTrouble.FOREIGN, StoreTrouble.NEWER, StoreTrouble.GONE}
)
_PRIMARY_CODE = 0xFF


class SqliteBackend:
    def __init__(self, url: URL, timeout: float) -> None:
        path = Path(url.database or "")
        if not path.is_absolute():
            raise StoreError(
                StoreTrouble.OTHER, "store.url: must name an absolute path: sqlite:////var/lib/…"
            )
        self._path = path.resolve()
        self._timeout = timeout
        self._engine = _engine(self._path, timeout, "WAL")
        self._lock = ProcessLock(self._path)
        self._header = HeldHeader(self._path)
        self._identity: FileIdentity | None = None
        self._in_use = RLock()

    @property
    def place(self) -> str:
        return str(self._path)

    @property
    def engine(self) -> Engine:
        return self._engine

    def insert(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    @property
    def writes_alone(self) -> bool:
        return True

    def among(self, column: Column[str], name: str) -> ColumnElement[bool]:
        each = func.json_each(bindparam(name, type_=Text)).table_valued("value")
        return column.in_(select(each.c.value))

    def array(self, texts: Sequence[str]) -> str:
        return json.dumps(texts)

    def open(self) -> None:
        identity_of(self._path)
        self._lock.acquire()
        self._prepare()

    def _prepare(self) -> None:
        try:
            if identity_of(self._path) is None:
                refuse_orphans(self._path)
                create(self._path, _create_tables)
            refuse_foreign(self._path)
            self._migrate()
            self._identity = identity_of(self._path)
            self._header.hold()
        except SQLAlchemyError as error:
            raise self.explain(error) from None
        except OSError as error:
            raise file_error(self._path, error) from None

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if found != "ok":
                raise StoreError(
                    StoreTrouble.CORRUPT,
                    f"{self._path}: {found}: {_REMEDIES[StoreTrouble.CORRUPT]}",
                )
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            refuse_newer(version, self.place)
            _write_tables(connection, self.place)

    @contextmanager
    def access(self) -> Iterator[None]:
        """Hold off other threads; a commit to a file that is not in place would be lost."""
        with time_limit(self._timeout), self._alone():
            self._check_in_place()
            yield
            self._check_in_place()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._in_use.acquire(timeout=time_left()):
            raise StoreError(StoreTrouble.LOCKED, f"{self._path}: was busy for long: try again")
        try:
            yield
        finally:
            self._in_use.release()

    def _check_in_place(self) -> None:
        if self._identity is None:
            raise StoreError(StoreTrouble.OTHER, f"{self._path}: is not open: open it first")
        identity = identity_of(self._path)
        if identity is None:
            raise StoreError(
                StoreTrouble.GONE, f"{self._path}: was deleted: it must be written anew"
            )
        if identity != self._identity:
            raise StoreError(
                StoreTrouble.REPLACED,
                f"{self._path}: another file has taken its place: put the store back",
            )
        self._header.check()

    def take_snapshot(self, connection: Connection) -> None:
        """Do nothing: a transaction has the file for itself."""

    def take_turn(self, connection: Connection) -> None:
        """Do nothing, for the same reason."""

    def listener(self, _channel: str, _concerned: object) -> None:
        """Return nothing: nobody else writes to the file."""

    @contextmanager
    def renewing(self) -> Iterator[None]:
        with time_limit(self._timeout), self._alone():
            # The connection keeps the number of a deleted file from being given to another one.
            in_place = self._is_in_place()
            self._engine.dispose()
            self._header.release()
            if not in_place:
                self._set_aside()
            self._prepare_undamaged()
            yield

    def _is_in_place(self) -> bool:
        try:
            self._check_in_place()
        except StoreError:
            return False
        return True

    def _prepare_undamaged(self) -> None:
        try:
            self._prepare()
        except StoreError as error:
            if error.kind not in _DAMAGED:
                raise
            self._engine.dispose()
            self._set_aside()
            self._prepare()

    def _set_aside(self) -> None:
        try:
            set_aside(self._path)
        except OSError as error:
            raise file_error(self._path, error) from None

    def explain(self, error: SQLAlchemyError) -> StoreError:
        cause = getattr(error, "orig", None)
        code = getattr(cause, "sqlite_errorcode", 0)
        kind = _KINDS.get(code) or _KINDS.get(code & _PRIMARY_CODE, StoreTrouble.OTHER)
        return StoreError(kind, f"{self._path}: {cause or error}: {_REMEDIES[kind]}")

    def close(self) -> None:
        with self._in_use:
            self._engine.dispose()
            self._header.release()
            self._lock.release()
            self._identity = None


def _engine(path: Path, timeout: float, journal_mode: str) -> Engine:
    # Of the modes this is the one that does not make a file which has been deleted.
    uri = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
        )
        configure(connection, path, journal_mode)
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1,
        hide_parameters=True,
        paramstyle="named",
    )
    event.listen(engine, "begin", partial(_begin, timeout))
    return engine


def configure(connection: sqlite3.Connection, path: Path, journal_mode: str) -> None:
    """Have each commit on disk before it returns; raises StoreError where that cannot be."""
    mode = connection.execute(f"PRAGMA journal_mode={journal_mode}").fetchone()[0]
    if mode.upper() != journal_mode:
        raise StoreError(
            StoreTrouble.OTHER,
            f"{path}: its file system takes no write-ahead log: keep the store on a local disk",
        )
    connection.execute("PRAGMA synchronous=FULL")


def _begin(timeout: float, connection: Connection) -> None:
    wait = 1_000 * min(timeout, time_left())
    connection.exec_driver_sql(f"PRAGMA busy_timeout={wait:.0f}").close()
    # A transaction that reads first could not wait for its turn to write.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create_tables(path: Path) -> None:
    engine = _engine(path, 0.0, "DELETE")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            _write_tables(connection, str(path))
    finally:
        engine.dispose()


def _write_tables(connection: Connection, place: str) -> None:
    migrate(connection, place)
    connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
