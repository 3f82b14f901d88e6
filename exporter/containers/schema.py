"""The store's tables, the same on every database, and how an older store becomes a newer one."""

from collections.abc import Callable, Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    update,
)

from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

APPLICATION = "threads-exporter"

metadata = MetaData()

containers = Table(
    "containers",
    metadata,
    Column("container_id", Text, primary_key=True),
    Column("account", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("registered_at", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_message", Text),
    Column("asked_at", Double),
    Column("next_ask_at", Double),
    Column("gave_up", Boolean, nullable=False),
    Column("outcome", Text),
    Column("ended_at", Double, index=True),
    Column("unknown_to_meta", Boolean, nullable=False),
    Column("processed_at", Double),
)

counts = Table(
    "counts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, index=True),
    Column("spent", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("epoch", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("total_shards", Integer, nullable=False),
    Column("expires_at", Double, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("account", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False, index=True),
)

news = Table("news", metadata, Column("account", Text, primary_key=True))

schema_version = Table(
    "schema_version",
    metadata,
    Column("application", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

Migration = Callable[[Connection], None]


def _create_tables(connection: Connection) -> None:
    metadata.create_all(connection, tables=[containers, counts, schema_version])
    connection.execute(schema_version.insert(), {"application": APPLICATION, "version": 0})


def _add_calls(connection: Connection) -> None:
    calls.create(connection)


def _add_claims(connection: Connection) -> None:
    metadata.create_all(connection, tables=[leases, claims, news])


_COLUMNS = {column.name for column in schema_version.columns}

MIGRATIONS: Sequence[Migration] = (_create_tables, _add_calls, _add_claims)
"""What leads from each version, beginning with 0, to the next; none is ever changed."""

VERSION = len(MIGRATIONS)


def migrate(
    connection: Connection, place: str, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the tables to the newest version; raises StoreError if they are not ours or newer."""
    version = stored_version(connection, place)
    refuse_newer(version, place, len(migrations))
    for migration in migrations[version:]:
        migration(connection)
    if version < len(migrations):
        connection.execute(update(schema_version).values(version=len(migrations)))


def refuse_newer(version: int, place: str, newest: int = VERSION) -> None:
    if version > newest:
        raise StoreError(
            StoreTrouble.NEWER,
            f"{place}: was written by a newer threads-exporter (schema {version}, this one knows "
            f"{newest}): run that one, or name another store",
        )


def stored_version(connection: Connection, place: str) -> int:
    """Return the version of the tables, 0 where there are none; raises StoreError if foreign."""
    inspector = inspect(connection)
    if inspector.has_table(schema_version.name):
        columns = {column["name"] for column in inspector.get_columns(schema_version.name)}
        ours = select(schema_version.c.version).where(schema_version.c.application == APPLICATION)
        version = connection.scalar(ours) if columns == _COLUMNS else None
        if isinstance(version, int):
            return version
    elif not any(inspector.has_table(table.name) for table in metadata.sorted_tables):
        return 0
    raise StoreError(
        StoreTrouble.FOREIGN,
        f"{place}: holds tables that are not the exporter's: give it a database of its own",
    )
