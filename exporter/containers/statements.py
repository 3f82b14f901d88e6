"""The statements on the tables; rows are always taken in one order, lest two writers deadlock."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, Table, bindparam, case, delete, select, update

from exporter.containers.backend import Insert
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKey, StoredState, count_rows, row_of
from exporter.containers.schema import containers, counts
from exporter.domain import ContainerOutcome

NewInsert = Callable[[Table], Insert]

# SQLite takes 32766 parameters in a statement.
_CHUNK = 1_000
_COLUMNS = [column.name for column in containers.columns]


def insert_new(
    connection: Connection, insert: NewInsert, records: Mapping[str, ContainerRecord]
) -> Collection[str]:
    """Insert the records whose ids are not there yet; return those ids."""
    if not records:
        return frozenset()
    statement = (
        insert(containers)
        .on_conflict_do_nothing(index_elements=[containers.c.container_id])
        .returning(containers.c.container_id)
    )
    rows = [row_of(records[key]) for key in sorted(records)]
    return frozenset(connection.execute(statement, rows).scalars())


def delete_removed(connection: Connection, ids: Collection[str]) -> None:
    """Delete those of the containers that were removed, so that they can be registered anew."""
    removed = containers.c.outcome == ContainerOutcome.REMOVED.value
    for chunk in _chunks(sorted(ids)):
        connection.execute(delete(containers).where(removed, containers.c.container_id.in_(chunk)))


def lock_tracked(connection: Connection, ids: Collection[str]) -> Mapping[str, bool]:
    """Return which of the containers are still tracked, and whether each counted as given up."""
    query = (
        select(containers.c.container_id, containers.c.gave_up)
        .where(containers.c.outcome.is_(None))
        .order_by(containers.c.container_id)
        .with_for_update()
    )
    return {
        row.container_id: row.gave_up
        for chunk in _chunks(sorted(ids))
        for row in connection.execute(query.where(containers.c.container_id.in_(chunk)))
    }


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    remaining = iter(ids)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


_UPDATE = (
    update(containers)
    .where(containers.c.container_id == bindparam("key"))
    .values({name: bindparam(name) for name in _COLUMNS if name != "container_id"})
)


def update_all(connection: Connection, records: Collection[ContainerRecord]) -> None:
    if records:
        rows = ({**row_of(record), "key": record.container_id} for record in records)
        connection.execute(_UPDATE, sorted(rows, key=lambda row: str(row["key"])))


def add(connection: Connection, insert: NewInsert, numbers: Mapping[CountKey, int]) -> None:
    """Add to the counts; one that is not there yet begins at 0."""
    if numbers:
        statement = insert(counts)
        total = counts.c.value + statement.excluded.value
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=counts.primary_key, set_={"value": total}
            ),
            count_rows(numbers),
        )


def delete_ended(
    connection: Connection, ended_before: float, keep: Collection[str], batch: int
) -> int:
    query = (
        select(containers.c.container_id)
        .where(containers.c.ended_at < ended_before)
        .where(containers.c.container_id.not_in(sorted(keep)))
        .order_by(containers.c.container_id)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    ids = connection.scalars(query).all()
    for chunk in _chunks(ids):
        connection.execute(delete(containers).where(containers.c.container_id.in_(chunk)))
    return len(ids)


def overwrite(connection: Connection, insert: NewInsert, state: StoredState) -> None:
    """Write the state over what is there, but for ended containers and greater counts."""
    rows = [row_of(record) for record in sorted(state.records, key=lambda item: item.container_id)]
    if rows:
        statement = insert(containers)
        columns = {name: statement.excluded[name] for name in _COLUMNS}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=containers.primary_key,
                set_=columns,
                where=containers.c.outcome.is_(None),
            ),
            rows,
        )
    if state.counts:
        statement = insert(counts)
        new, old = statement.excluded.value, counts.c.value
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=counts.primary_key,
                set_={"value": case((new > old, new), else_=old)},
            ),
            count_rows(state.counts),
        )
