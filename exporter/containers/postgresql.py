"""A store in PostgreSQL, for one process or several."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import psycopg
from sqlalchemy import (
    ARRAY,
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from exporter.containers.backend import Listener
from exporter.containers.listener import PostgresqlListener
from exporter.containers.schema import metadata, migrate
from exporter.containers.time_limit import time_left, time_limit
from exporter.containers.timed_connection import TimedConnection, connect_in_time
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

_POOL_SIZE = 4
_MIGRATION_LOCK = int.from_bytes(b"ThrE")
_TURN_LOCK = int.from_bytes(b"ThrT")

# By SQLSTATE, of which the first two characters are the class.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_KINDS: Mapping[str, StoreTrouble] = {
    "53100": StoreTrouble.FULL,
    "25006": StoreTrouble.READ_ONLY,
    "42501": StoreTrouble.READ_ONLY,
    "55P03": StoreTrouble.LOCKED,
    "40": StoreTrouble.LOCKED,
    "42P01": StoreTrouble.GONE,
    "XX001": StoreTrouble.CORRUPT,
    "XX002": StoreTrouble.CORRUPT,
    "08": StoreTrouble.UNREACHABLE,
    "25P03": StoreTrouble.UNREACHABLE,
    "28": StoreTrouble.UNREACHABLE,
    "3D": StoreTrouble.UNREACHABLE,
    "53300": StoreTrouble.UNREACHABLE,
    "57": StoreTrouble.UNREACHABLE,
}
_REMEDIES = {
    StoreTrouble.FULL: "free some space",
    StoreTrouble.READ_ONLY: "connect to the primary, as a user that may write",
    StoreTrouble.LOCKED: "end the session that holds the lock (see pg_locks)",
    StoreTrouble.GONE: "they must be written anew",
    StoreTrouble.CORRUPT: "restore a backup",
    StoreTrouble.UNREACHABLE: "see to the server, its connection limit and store.url",
    StoreTrouble.OTHER: "see the server's log",
}
_BUSY = "all connections were busy for too long"
_SECRET_PARAMETERS = ("password", "sslpassword")


class PostgresqlBackend:
    def __init__(self, url: URL, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=_POOL_SIZE,
            max_overflow=0,
            pool_timeout=timeout,
            hide_parameters=True,
        )
        event.listen(self._engine, "do_connect", self._connect)
        self._places = BoundedSemaphore(_POOL_SIZE)

    @property
    def place(self) -> str:
        port = f":{self._url.port}" if self._url.port else ""
        return f"postgresql://{self._url.host or ''}{port}/{self._url.database or ''}"

    @property
    def engine(self) -> Engine:
        return self._engine

    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    @property
    def writes_alone(self) -> bool:
        return False

    def among(self, column: Column[str], name: str) -> ColumnElement[bool]:
        return column == any_(bindparam(name, type_=ARRAY(Text)))

    def array(self, texts: Sequence[str]) -> Sequence[str]:
        return texts

    def _connect(
        self,
        _dialect: Dialect,
        _entry: ConnectionPoolEntry,
        args: tuple[Any, ...],
        parameters: dict[str, Any],
    ) -> TimedConnection:
        return self._connect_with(args, parameters)

    def _connect_with(
        self, args: tuple[Any, ...], parameters: Mapping[str, Any]
    ) -> TimedConnection:
        parameters = {**_limits(self._timeout), **parameters}
        parameters["options"] = f"{_session_limits(self._timeout)} {parameters.get('options', '')}"
        return connect_in_time(lambda: TimedConnection.connect(*args, **parameters))

    def open(self) -> None:
        with self.access(), self._engine.begin() as connection:
            self._prepare(connection)

    def _prepare(self, connection: Connection) -> None:
        if connection.scalar(text("SHOW transaction_read_only")) == "on":
            raise self._error(StoreTrouble.READ_ONLY, "may only be read")
        if connection.scalar(text("SHOW server_encoding")) != "UTF8":
            raise self._error(StoreTrouble.OTHER, "its encoding is not UTF8")
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        migrate(connection, self.place)

    @contextmanager
    def access(self) -> Iterator[None]:
        """Hold a place at the pool, which itself would wait beyond the time limit."""
        with time_limit(self._timeout):
            if not self._places.acquire(timeout=time_left()):
                raise self._error(StoreTrouble.UNREACHABLE, _BUSY)
            try:
                yield
            finally:
                self._places.release()

    def take_snapshot(self, connection: Connection) -> None:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def take_turn(self, connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_TURN_LOCK)))

    @contextmanager
    def renewing(self) -> Iterator[None]:
        with self.access():
            with self._engine.begin() as connection:
                self._prepare(connection)
                metadata.create_all(connection)
            yield

    def listener(self, channel: str, concerned: Callable[[str], bool]) -> Listener:
        """Return what waits for notifications whose payload is of concern."""
        args, parameters = self._engine.dialect.create_connect_args(self._engine.url)
        return PostgresqlListener(
            lambda: self._connect_with(tuple(args), parameters),
            channel,
            concerned,
            timeout=self._timeout,
            explain=self._explain,
        )

    def explain(self, error: SQLAlchemyError) -> StoreError:
        cause = getattr(error, "orig", None)
        if not isinstance(cause, psycopg.Error):
            return self._error(StoreTrouble.UNREACHABLE, _BUSY)
        return self._explain(cause)

    def _explain(self, error: psycopg.Error) -> StoreError:
        return self._error(_kind_of(error), self._masked(str(error).partition("\n")[0]))

    def _error(self, kind: StoreTrouble, reason: str) -> StoreError:
        return StoreError(kind, f"{self.place}: {reason}: {_REMEDIES[kind]}")

    def _masked(self, reason: str) -> str:
        query = (self._url.query.get(name) for name in _SECRET_PARAMETERS)
        for secret in (self._url.password, *query):
            if isinstance(secret, str) and secret:
                reason = reason.replace(secret, "***")
        return reason

    def close(self) -> None:
        self._engine.dispose()


def _kind_of(error: psycopg.Error) -> StoreTrouble:
    state = error.sqlstate
    if state is None:
        lost = isinstance(error, psycopg.OperationalError)
        return StoreTrouble.UNREACHABLE if lost else StoreTrouble.OTHER
    return _KINDS.get(state) or _KINDS.get(state[:2], StoreTrouble.OTHER)


def _limits(timeout: float) -> dict[str, str | int]:
    return {
        "application_name": "threads-exporter",
        "client_encoding": "utf8",
        "connect_timeout": max(2, int(timeout)),
        "tcp_user_timeout": int(1_000 * timeout),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
    }


def _session_limits(timeout: float) -> str:
    """Return options that have the server end what waits before the client's time is up."""
    limits = {
        "lock_timeout": 0.6,
        "statement_timeout": 0.8,
        "idle_in_transaction_session_timeout": 2.0,
    }
    return " ".join(f"-c {name}={int(1_000 * share * timeout)}" for name, share in limits.items())
