"""What the store needs to know of the database that it is kept in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol

from sqlalchemy import URL, Column, ColumnElement, Connection, Engine, Table, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

Insert = sqlite.Insert | postgresql.Insert


class Listener(Protocol):
    """Waits for notifications of other processes on the store."""

    def wait(self, seconds: float) -> bool:
        """Wait for one for so long at most; tell whether it came; raises StoreError."""
        ...

    def close(self) -> None: ...


class Backend(Protocol):
    @property
    def place(self) -> str:
        """Return where the store is, fit for a message."""
        ...

    @property
    def engine(self) -> Engine: ...

    @property
    def writes_alone(self) -> bool:
        """Tell whether nobody else writes while a transaction does."""
        ...

    def insert(self, table: Table) -> Insert: ...

    def among(self, column: Column[str], name: str) -> ColumnElement[bool]:
        """Tell whether the column is in the array that is given under this name."""
        ...

    def array(self, texts: Sequence[str]) -> object:
        """Return the texts as the driver takes them for `among`."""
        ...

    def open(self) -> None:
        """Make the store ready for use; raises StoreError."""
        ...

    def renewing(self) -> AbstractContextManager[None]:
        """Have an empty store where the one in use was lost, kept from others for a while."""
        ...

    def access(self) -> AbstractContextManager[None]:
        """Hold what a transaction needs around it; raises StoreError, even after the commit."""
        ...

    def take_snapshot(self, connection: Connection) -> None:
        """Have all that the transaction is going to read be of one moment."""
        ...

    def take_turn(self, connection: Connection) -> None:
        """Have no other transaction between here and its end that has asked for a turn too."""
        ...

    def listener(self, channel: str, concerned: Callable[[str], bool]) -> Listener | None:
        """Return what waits for notifications, if others can write what those are about."""
        ...

    def explain(self, error: SQLAlchemyError) -> StoreError: ...

    def close(self) -> None: ...


_BACKENDS = {
    "sqlite": ("exporter.containers.sqlite", "SqliteBackend"),
    "postgresql": ("exporter.containers.postgresql", "PostgresqlBackend"),
}


def backend_for(url: str, timeout: float, password: str | None = None) -> Backend:
    """Return the back end that the URL names; raises StoreError."""
    parsed = _parse(url)
    if password is not None:
        parsed = parsed.set(password=password)
    module, name = _BACKENDS[parsed.get_backend_name()]
    try:
        # Only the one in use is imported: psycopg is an extra that need not be installed.
        backend: Backend = getattr(import_module(module), name)(parsed, timeout)
    except ImportError:
        raise StoreError(
            StoreTrouble.OTHER,
            "store.url: PostgreSQL needs psycopg: pip install 'threads-exporter[postgres]'",
        ) from None
    return backend


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in _BACKENDS:
        raise StoreError(
            StoreTrouble.OTHER,
            "store.url: must be sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE",
        )
    return parsed
