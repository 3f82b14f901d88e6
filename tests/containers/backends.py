"""Fixtures: stores in SQLite and in a real PostgreSQL, and the places for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from exporter.containers.store import ContainerStore
from tests.containers.postgresql_server import PostgresqlServer, installed

_databases = count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    binaries = installed()
    if binaries is None:
        pytest.skip("needs a PostgreSQL server: sudo apt install postgresql")
    server = PostgresqlServer(binaries)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """Give the name of an empty database."""
    name = f"store{next(_databases)}"
    postgresql_server.execute(f"CREATE DATABASE {name}")
    yield name
    # A server recovers the slower, the more files it has.
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "threads-exporter.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a store that is not there yet, on each back end in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return server.url(request.getfixturevalue("database"))


@pytest.fixture
def store(store_url: str) -> Iterator[ContainerStore]:
    with _opened(store_url) as store:
        yield store


@pytest.fixture
def postgresql_store(
    postgresql_server: PostgresqlServer, database: str
) -> Iterator[ContainerStore]:
    with _opened(postgresql_server.url(database)) as store:
        yield store


@contextmanager
def _opened(url: str) -> Iterator[ContainerStore]:
    # However busy the machine is: how long a store waits is tested with stores of their own.
    store = ContainerStore(url, timeout=60.0)
    store.open()
    yield store
    store.close()
