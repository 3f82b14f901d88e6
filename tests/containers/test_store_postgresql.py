"""What PostgreSQL may do to a store: each call ends in time, and the next ones work again."""

import traceback
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import repeat
from threading import Event, Thread
from time import monotonic

import psycopg
import pytest
from sqlalchemy import make_url

from exporter.containers.postgresql import PostgresqlBackend
from exporter.containers.rows import StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.time_limit import time_limit
from exporter.containers.timed_connection import (
    TimedConnection,
    TimeLimitError,
    connect_in_time,
)
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from tests.containers.postgresql_server import PASSWORD, PostgresqlServer
from tests.containers.records import PUBLISHED, REGISTERED, many, new, published
from tests.eventually import eventually

pytest_plugins = ("tests.containers.backends",)
pytestmark = pytest.mark.postgresql

TIMEOUT = 1.0
# A call looks at the time ten times a second, and a busy machine adds much to it.
LEEWAY = 10.0


@pytest.fixture
def pg_store(postgresql_server: PostgresqlServer, database: str) -> Iterator[ContainerStore]:
    store = ContainerStore(postgresql_server.url(database), timeout=TIMEOUT)
    store.open()
    yield store
    store.close()


@contextmanager
def opened(url: str) -> Iterator[ContainerStore]:
    store = ContainerStore(url, timeout=TIMEOUT)
    store.open()
    yield store
    store.close()


def error_of(call: Callable[[], object]) -> StoreError:
    started = monotonic()
    with pytest.raises(StoreError) as caught:
        call()
    assert monotonic() - started < TIMEOUT + LEEWAY
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return caught.value


def trouble(call: Callable[[], object]) -> StoreTrouble:
    return error_of(call).kind


def test_replicas_may_open_a_new_database_at_once(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    stores = [ContainerStore(postgresql_server.url(database)) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ContainerStore.open, stores))

    assert [store.register([new("1")]) for store in stores] == [{"1"}, set(), set(), set()]
    for store in stores:
        store.close()


def test_replicas_count_an_end_once(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    pg_store.register(many(200))
    steps = [published(record) for record in many(200)]

    with (
        opened(postgresql_server.url(database)) as other,
        ThreadPoolExecutor(2) as threads,
    ):
        saved = list(threads.map(ContainerStore.save, [pg_store, other], repeat(steps)))

    assert sorted(map(len, saved)) == [0, 200]
    assert pg_store.load().counts == {REGISTERED: 200, PUBLISHED: 200}


def test_a_stopped_server_is_told_and_recovered_from(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer
) -> None:
    pg_store.register([new("1")])
    postgresql_server.stop()
    try:
        error = error_of(lambda: pg_store.register([new("2")]))
        trouble_at_open = trouble(pg_store.open)
    finally:
        postgresql_server.start()

    assert error.kind is trouble_at_open is StoreTrouble.UNREACHABLE
    assert f"postgresql://127.0.0.1:{postgresql_server.port}/" in str(error)
    assert "Connection refused" in str(error)
    assert str(error).endswith(": see to the server, its connection limit and store.url")
    assert pg_store.register([new("1"), new("2")]) == {"2"}
    assert pg_store.load().counts == {REGISTERED: 2}


def test_a_restart_between_two_calls_is_not_noticed(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer
) -> None:
    pg_store.register([new("1")])
    postgresql_server.stop()
    postgresql_server.start()

    assert pg_store.register([new("2")]) == {"2"}


def test_a_frozen_server_is_told_in_time_and_recovered_from(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer
) -> None:
    pg_store.register([new("1")])

    def register(number: int) -> StoreTrouble:
        return trouble(lambda: pg_store.register([new(f"frozen-{number}")]))

    with postgresql_server.frozen(), ThreadPoolExecutor(12) as threads:
        found = list(threads.map(register, range(12)))

    assert set(found) == {StoreTrouble.UNREACHABLE}
    assert eventually(lambda: registered(pg_store, "1", "2")) == {"2"}


def registered(store: ContainerStore, *ids: str) -> Collection[str]:
    """Return which are new; none while the server still has the connections that were given up."""
    try:
        return store.register([new(container_id) for container_id in ids])
    except StoreError:
        return ()


def test_a_frozen_server_is_told_in_time_at_the_start(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    store = ContainerStore(postgresql_server.url(database), timeout=TIMEOUT)

    with postgresql_server.frozen():
        error = error_of(store.open)

    assert error.kind is StoreTrouble.UNREACHABLE
    assert "no connection in time" in str(error)
    store.open()
    store.close()


TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND application_name = 'threads-exporter'
"""
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


def test_a_terminated_session_is_not_noticed_between_two_calls(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    pg_store.register([new("1")])
    postgresql_server.execute(TERMINATE, parameters=(database,))

    assert pg_store.register([new("2")]) == {"2"}


def test_a_session_terminated_in_a_call_is_told(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    with postgresql_server.session(database) as other, ThreadPoolExecutor(1) as thread:
        other.execute("BEGIN")
        other.execute("LOCK TABLE containers")
        found = thread.submit(trouble, lambda: pg_store.register([new("1")]))
        eventually(lambda: postgresql_server.execute(WAITING, parameters=(database,)))
        postgresql_server.execute(TERMINATE, parameters=(database,))

        assert found.result() is StoreTrouble.UNREACHABLE
        other.execute("ROLLBACK")

    assert pg_store.load() == StoredState([], {})


def test_a_lock_that_is_held_for_long_is_told(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    with postgresql_server.session(database) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE containers")
        error = error_of(lambda: pg_store.register([new("1")]))
        other.execute("ROLLBACK")

    assert error.kind is StoreTrouble.LOCKED
    assert str(error).endswith(": end the session that holds the lock (see pg_locks)")
    assert pg_store.register([new("1")]) == {"1"}


def test_what_is_loaded_is_of_one_moment(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    pg_store.register([new("1")])
    stored = pg_store.load()

    with postgresql_server.session(database) as other, ThreadPoolExecutor(1) as thread:
        other.execute("BEGIN")
        other.execute("LOCK TABLE counts")
        loaded = thread.submit(pg_store.load)
        eventually(lambda: postgresql_server.execute(WAITING, parameters=(database,)))
        other.execute("UPDATE counts SET value = 2")
        other.execute("COMMIT")

        assert loaded.result() == stored


def test_too_many_connections_are_told_and_recovered_from(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    store = ContainerStore(postgresql_server.url(database), timeout=TIMEOUT)
    with ExitStack() as sessions:
        while True:
            try:
                sessions.enter_context(postgresql_server.session())
            except psycopg.OperationalError:
                break
        error = error_of(store.open)

    assert error.kind is StoreTrouble.UNREACHABLE
    assert "too many clients already" in str(error)
    eventually(lambda: can_open(store))
    store.close()


def can_open(store: ContainerStore) -> bool:
    try:
        store.open()
    except StoreError:
        return False
    return True


@pytest.mark.parametrize(
    ("login", "name", "reason"),
    [
        (("exporter", "wrong-canary"), None, "password authentication failed"),
        (("nobody", PASSWORD), None, "password authentication failed"),
        (("exporter", PASSWORD), "missing", 'database "missing" does not exist'),
    ],
)
def test_a_refused_connection_is_told_without_the_password(
    postgresql_server: PostgresqlServer,
    database: str,
    login: tuple[str, str],
    name: str | None,
    reason: str,
) -> None:
    store = ContainerStore(postgresql_server.url(name or database, *login))

    error = error_of(store.open)

    assert error.kind is StoreTrouble.UNREACHABLE
    assert reason in str(error)
    assert "canary" not in f"{error} {error!r} {store!r} {vars(store)}"


def test_a_password_in_the_parameters_is_not_told_either(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    url = postgresql_server.url(database).replace(f":{PASSWORD}@", "@")

    # As the server's message names the user, it tells the password here.
    wrong = f"{url}?password=canary&user=canary"
    assert "canary" not in str(error_of(ContainerStore(wrong).open))
    with opened(f"{url}?password={PASSWORD}") as store:
        assert store.register([new("1")]) == {"1"}


def test_a_unix_socket_is_a_place_too(postgresql_server: PostgresqlServer, database: str) -> None:
    url = (
        f"postgresql://exporter:{PASSWORD}@/{database}"
        f"?host={postgresql_server.folder}&port={postgresql_server.port}"
    )
    with opened(url) as store:
        assert store.register([new("1")]) == {"1"}


def test_a_database_that_may_only_be_read_is_refused(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    postgresql_server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    error = error_of(ContainerStore(postgresql_server.url(database)).open)

    assert error.kind is StoreTrouble.READ_ONLY
    assert str(error).endswith(
        ": may only be read: connect to the primary, as a user that may write"
    )


def test_a_database_of_another_encoding_is_refused(postgresql_server: PostgresqlServer) -> None:
    postgresql_server.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    )

    error = error_of(ContainerStore(postgresql_server.url("latin")).open)

    assert error.kind is StoreTrouble.OTHER
    assert ": its encoding is not UTF8: " in str(error)


def test_tables_of_something_else_are_refused(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    postgresql_server.execute("CREATE TABLE containers (id int)", database)

    assert trouble(ContainerStore(postgresql_server.url(database)).open) is StoreTrouble.FOREIGN


def test_tables_of_a_newer_exporter_are_refused(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    postgresql_server.execute("UPDATE schema_version SET version = version + 1", database)

    assert trouble(pg_store.open) is StoreTrouble.NEWER


@pytest.mark.parametrize(
    "tables",
    [
        "containers",
        "counts",
        "containers, counts, calls, leases, claims, news, schema_version",
    ],
)
def test_lost_tables_are_told_and_written_anew(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str, tables: str
) -> None:
    pg_store.register(many(3))
    state = pg_store.load()
    postgresql_server.execute(f"DROP TABLE {tables}", database)

    assert trouble(lambda: pg_store.register([new("1")])) is StoreTrouble.GONE
    pg_store.restore(state)

    assert {record.container_id for record in pg_store.load().records} == {
        record.container_id for record in state.records
    }
    assert pg_store.load().counts == state.counts


def test_a_store_that_cannot_be_written_anew_can_be_later(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer
) -> None:
    postgresql_server.stop()
    try:
        found = trouble(lambda: pg_store.restore(StoredState([new("1")], {})))
    finally:
        postgresql_server.start()

    assert found is StoreTrouble.UNREACHABLE
    pg_store.restore(StoredState([new("1")], {}))
    assert pg_store.load().records == [new("1")]


REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no canary' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON containers EXECUTE FUNCTION refuse()
"""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", StoreTrouble.FULL),
        ("25006", StoreTrouble.READ_ONLY),
        ("42501", StoreTrouble.READ_ONLY),
        ("55P03", StoreTrouble.LOCKED),
        ("40P01", StoreTrouble.LOCKED),
        ("40001", StoreTrouble.LOCKED),
        ("XX001", StoreTrouble.CORRUPT),
        ("57014", StoreTrouble.UNREACHABLE),
        ("57P03", StoreTrouble.UNREACHABLE),
        ("53300", StoreTrouble.UNREACHABLE),
        ("53200", StoreTrouble.OTHER),
        ("P0001", StoreTrouble.OTHER),
    ],
)
def test_what_the_server_says_is_told(
    pg_store: ContainerStore,
    postgresql_server: PostgresqlServer,
    database: str,
    code: str,
    kind: StoreTrouble,
) -> None:
    postgresql_server.execute(REFUSE.format(code=code), database)

    error = error_of(lambda: pg_store.register([new("1")]))

    assert error.kind is kind
    assert "/" + database + ": no canary: " in str(error)
    postgresql_server.execute("DROP TRIGGER refuse ON containers", database)
    assert pg_store.register([new("1")]) == {"1"}


def test_the_server_ends_what_waits_before_the_exporter_does(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    backend = PostgresqlBackend(make_url(postgresql_server.url(database)), 5.0)
    with backend.engine.connect() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in (
                *("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"),
                *("synchronous_commit", "application_name"),
            )
        }
    backend.close()

    assert shown == {
        "lock_timeout": "3s",
        "statement_timeout": "4s",
        "idle_in_transaction_session_timeout": "10s",
        "synchronous_commit": "on",
        "application_name": "threads-exporter",
    }


def test_what_the_url_says_holds(postgresql_server: PostgresqlServer, database: str) -> None:
    url = f"{postgresql_server.url(database)}?application_name=mine&options=-c%20lock_timeout%3D7s"
    backend = PostgresqlBackend(make_url(url), 5.0)
    with backend.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "7s"
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "mine"
    backend.close()


def test_more_threads_than_connections_wait_for_each_other_in_time(
    pg_store: ContainerStore, postgresql_server: PostgresqlServer, database: str
) -> None:
    with postgresql_server.session(database) as other, ThreadPoolExecutor(20) as threads:
        other.execute("BEGIN")
        other.execute("LOCK TABLE containers")
        calls: list[Future[StoreTrouble]] = [
            threads.submit(trouble, lambda: pg_store.register([new("1")])) for _ in range(20)
        ]
        found = {call.result() for call in calls}
        other.execute("ROLLBACK")

    assert found <= {StoreTrouble.LOCKED, StoreTrouble.UNREACHABLE}
    assert pg_store.register([new("1")]) == {"1"}


def test_a_connection_that_comes_too_late_is_closed(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    go_on, connections = Event(), list[TimedConnection]()

    def connect() -> TimedConnection:
        go_on.wait()
        url = postgresql_server.url(database).replace("+psycopg", "")
        connections.append(TimedConnection.connect(url))
        return connections[0]

    with time_limit(0.05), pytest.raises(TimeLimitError, match=r"^no connection in time$"):
        connect_in_time(connect)
    go_on.set()

    assert eventually(lambda: [connection.closed for connection in connections]) == [True]


def test_a_connection_that_fails_too_late_is_forgotten() -> None:
    go_on, ended = Event(), Event()

    def connect() -> TimedConnection:
        go_on.wait()
        ended.set()
        raise psycopg.OperationalError

    with time_limit(0.05), pytest.raises(TimeLimitError):
        connect_in_time(connect)
    go_on.set()

    assert ended.wait(10.0)


def test_an_outer_time_limit_holds_within_an_inner_one() -> None:
    stuck = Event()

    def connect() -> TimedConnection:
        stuck.wait()
        raise psycopg.OperationalError

    started = monotonic()
    with time_limit(0.05), time_limit(60.0), pytest.raises(TimeLimitError):
        connect_in_time(connect)
    stuck.set()

    assert monotonic() - started < LEEWAY


def test_a_time_limit_is_that_of_its_thread(pg_store: ContainerStore) -> None:
    with time_limit(0.0):
        thread = Thread(target=pg_store.register, args=([new("1")],))
        thread.start()
        thread.join()

    assert pg_store.load().records == [new("1")]


def test_a_time_limit_is_for_the_connections_too(
    postgresql_server: PostgresqlServer, database: str
) -> None:
    backend = PostgresqlBackend(make_url(postgresql_server.url(database)), 60.0)

    with ExitStack() as all_of_them:
        for _ in range(4):
            all_of_them.enter_context(backend.access())
        with time_limit(0.0), pytest.raises(StoreError, match="all connections were busy") as error:
            all_of_them.enter_context(backend.access())
    with time_limit(0.0), backend.access():
        pass

    assert error.value.kind is StoreTrouble.UNREACHABLE
