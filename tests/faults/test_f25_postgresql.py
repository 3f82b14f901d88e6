"""F25: PostgreSQL is down, restarts, ends sessions, freezes, is slow, or takes no more of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

from exporter.simulator import User
from tests.containers.postgresql_server import PASSWORD, PostgresqlServer
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.publisher import AFTER, BEFORE, Publisher, configure, postgresql_at
from tests.running_exporter import NEVER, running
from tests.workspace import Workspace

pytest_plugins = ("tests.containers.backends",)
pytestmark = pytest.mark.postgresql

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND application_name = 'threads-exporter'
"""
Outage = Callable[[PostgresqlServer, str], AbstractContextManager[None]]


@pytest.fixture
def config_file(
    workspace: Workspace, acme: User, postgresql_server: PostgresqlServer, database: str
) -> Path:
    store = postgresql_at(workspace, postgresql_server, database)
    return configure(workspace, acme, store=store)


@contextmanager
def stopped(server: PostgresqlServer, _database: str) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def frozen(server: PostgresqlServer, _database: str) -> AbstractContextManager[None]:
    return server.frozen()


@contextmanager
def locked(server: PostgresqlServer, database: str) -> Iterator[None]:
    """Have all that is written wait for longer than the exporter does."""
    with server.session(database) as session:
        session.execute("BEGIN")
        session.execute("LOCK TABLE containers, counts, calls")
        yield
        session.execute("ROLLBACK")


@contextmanager
def crowded(server: PostgresqlServer, database: str) -> Iterator[None]:
    with ExitStack() as sessions:
        first = sessions.enter_context(server.session())
        while fill(server, sessions) or first.execute(TERMINATE, (database,)).fetchall():
            pass
        yield


def fill(server: PostgresqlServer, sessions: ExitStack) -> bool:
    """Open a session; return whether there was one left."""
    try:
        sessions.enter_context(server.session())
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def read_only(server: PostgresqlServer, database: str) -> Iterator[None]:
    """Be the standby after a failover."""
    setting = f"ALTER DATABASE {database} SET default_transaction_read_only"
    server.execute(f"{setting} = on")
    server.execute(TERMINATE, parameters=(database,))
    yield
    server.execute(f"{setting} = off")
    server.execute(TERMINATE, parameters=(database,))


OUTAGES: Final = {
    stopped: "unreachable",
    frozen: "unreachable",
    locked: "locked",
    crowded: "unreachable",
    read_only: "read_only",
}


@pytest.mark.parametrize(("outage", "kind"), OUTAGES.items())
def test_an_outage_refuses_registrations_and_nothing_else(
    config_file: Path,
    postgresql_server: PostgresqlServer,
    database: str,
    outage: Outage,
    kind: str,
) -> None:
    with running(config_file) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        with outage(postgresql_server, database):
            publisher.is_refused()
            publisher.sees_it_go_on(kind)
        publisher.sees_it_recover()

        assert publisher.listed() >= {BEFORE, AFTER}


def test_a_restart_of_the_server_costs_none_of_the_exporter(
    config_file: Path, postgresql_server: PostgresqlServer, database: str
) -> None:
    with running(config_file) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        with stopped(postgresql_server, database):
            pass
        publisher.sees_it_recover()

        assert publisher.listed() == {BEFORE, AFTER}


def test_a_session_that_is_ended_costs_no_registration(
    config_file: Path, postgresql_server: PostgresqlServer, database: str
) -> None:
    with running(config_file, upkeep=NEVER) as exporter:
        publisher = Publisher(exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        postgresql_server.execute(TERMINATE, parameters=(database,))

        assert publisher.register(AFTER).status_code == 201


@pytest.mark.parametrize("outage", [stopped, frozen, crowded])
def test_an_outage_at_the_start_ends_it_with_the_remedy_and_without_the_password(
    config_file: Path, postgresql_server: PostgresqlServer, database: str, outage: Outage
) -> None:
    with outage(postgresql_server, database), serving(config_file) as process:
        code = process.wait()

    assert code == 3
    assert process.output.splitlines()[-1].endswith(
        ": see to the server, its connection limit and store.url"
    )
    assert PASSWORD not in process.output
