import pytest
from sqlalchemy import Connection, create_engine, inspect, select, text

from exporter.containers.schema import (
    MIGRATIONS,
    VERSION,
    migrate,
    schema_version,
    stored_version,
)
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble


def add_a_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE containers ADD COLUMN added TEXT"))


def add_a_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE added (id INTEGER)"))


def test_an_empty_database_gets_the_newest_tables() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrate(connection, "here")

        assert set(inspect(connection).get_table_names()) == {
            "calls",
            "claims",
            "containers",
            "counts",
            "leases",
            "news",
            "schema_version",
        }
        assert stored_version(connection, "here") == VERSION


def test_an_older_store_gets_what_it_lacks_and_keeps_the_rest() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrate(connection, "here")
        connection.execute(text("INSERT INTO counts VALUES ('acme', 'reported', 'x', 7)"))

        migrate(connection, "here", [*MIGRATIONS, add_a_column, add_a_table])

        columns = {column["name"] for column in inspect(connection).get_columns("containers")}
        assert "added" in columns
        assert inspect(connection).has_table("added")
        assert stored_version(connection, "here") == VERSION + 2
        assert connection.scalar(text("SELECT value FROM counts")) == 7


def test_a_store_of_the_first_version_gets_what_came_since_and_keeps_the_rest() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrate(connection, "here", MIGRATIONS[:1])
        connection.execute(text("INSERT INTO counts VALUES ('acme', 'reported', 'x', 7)"))
        before = set(inspect(connection).get_table_names())

        migrate(connection, "here")

        assert before == {"containers", "counts", "schema_version"}
        assert set(inspect(connection).get_table_names()) == before | {
            "calls",
            "claims",
            "leases",
            "news",
        }
        assert stored_version(connection, "here") == VERSION
        assert connection.scalar(text("SELECT value FROM counts")) == 7


def test_the_newest_tables_are_left_alone() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrate(connection, "here", [*MIGRATIONS, add_a_column])
        migrate(connection, "here", [*MIGRATIONS, add_a_column])

        assert connection.scalars(select(schema_version.c.version)).all() == [VERSION + 1]


def test_a_newer_store_is_refused() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrate(connection, "here", [*MIGRATIONS, add_a_column])

        with pytest.raises(StoreError) as caught:
            migrate(connection, "here")

    assert caught.value.kind is StoreTrouble.NEWER
    assert str(caught.value) == (
        f"here: was written by a newer threads-exporter (schema {VERSION + 1}, this one knows "
        f"{VERSION}): run that one, or name another store"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE containers (id INTEGER)",
        "CREATE TABLE counts (id INTEGER)",
        "CREATE TABLE calls (id INTEGER)",
        "CREATE TABLE schema_version (version INTEGER)",
        "CREATE TABLE schema_version (application TEXT, version INTEGER)",
    ],
)
def test_the_tables_of_something_else_are_refused_as_they_are(statement: str) -> None:
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text(statement))

        with pytest.raises(StoreError, match=r"^here: holds tables that are not the exp") as caught:
            migrate(connection, "here")

        assert len(inspect(connection).get_table_names()) == 1
    assert caught.value.kind is StoreTrouble.FOREIGN
