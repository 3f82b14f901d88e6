"""The statements on the tables; rows are always taken in one order, lest two writers deadlock."""

from collections.abc import Collection, Mapping

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.sql import ClauseElement

from exporter.containers.backend import Backend, Insert
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKey, StoredState, Values, count_rows, row_of
from exporter.containers.schema import claims, containers, counts, leases
from exporter.domain import ContainerOutcome

_ID = containers.c.container_id
_COLUMNS = [column.name for column in containers.columns]
_REMOVED = {"ended_as": ContainerOutcome.REMOVED.value}


class Statements:
    """The statements on one back end, most of them as SQL: to make it costs more than to run it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        among = backend.among(_ID, "ids")
        new = backend.insert(containers).on_conflict_do_nothing(index_elements=[_ID])
        ended_so = containers.c.outcome == bindparam("ended_as")
        tracked = containers.c.outcome.is_(None)
        self._insert = self._sql(new)
        self._insert_returning = new.returning(_ID)
        self._select_known = self._sql(select(_ID).where(among))
        self._delete_ended_so = self._sql(delete(containers).where(ended_so, among))
        to_lock = select(_ID, containers.c.gave_up).where(tracked, among).order_by(_ID)
        self._lock_tracked = self._sql(to_lock.with_for_update())
        # It locks the claims too, so that nobody takes them over before the commit.
        self._lock_claimed = self._sql(to_lock.where(_is_claimed()).with_for_update())
        self._update = self._sql(_update_by_key())
        self._add = self._sql(_adding(backend))

    def _sql(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._backend.engine.dialect))

    def _named(self, ids: Collection[str]) -> dict[str, object]:
        return {"ids": self._backend.array(sorted(ids))}

    def insert_new(
        self, connection: Connection, records: Mapping[str, ContainerRecord]
    ) -> Collection[str]:
        """Insert the records whose ids are not there yet; return those ids."""
        if not self._backend.writes_alone:
            rows = _rows(records, records)
            return frozenset(
                connection.execute(self._insert_returning, rows).scalars() if rows else ()
            )
        known = connection.exec_driver_sql(self._select_known, self._named(records.keys()))
        new = records.keys() - known.scalars()
        if new:
            connection.exec_driver_sql(self._insert, _rows(records, new))
        return new

    def delete_removed(self, connection: Connection, ids: Collection[str]) -> None:
        """Delete those of the containers that were removed, so that they can be registered anew."""
        if ids:
            connection.exec_driver_sql(self._delete_ended_so, self._named(ids) | _REMOVED)

    def lock_tracked(
        self, connection: Connection, ids: Collection[str], epoch: int | None
    ) -> Mapping[str, bool]:
        """Return which of the containers are still tracked, and whether each was given up.

        With an epoch that is only those of accounts that are claimed with it.
        """
        if not ids:
            return {}
        query = self._lock_tracked if epoch is None else self._lock_claimed
        claimed = {} if epoch is None else {"epoch": epoch}
        rows = connection.exec_driver_sql(query, self._named(ids) | claimed)
        return {row.container_id: bool(row.gave_up) for row in rows}

    def update_all(self, connection: Connection, records: Collection[ContainerRecord]) -> None:
        rows = [row_of(record) for record in sorted(records, key=lambda item: item.container_id)]
        if rows:
            connection.exec_driver_sql(self._update, rows)

    def add(self, connection: Connection, numbers: Mapping[CountKey, int]) -> None:
        """Add to the counts; one that is not there yet begins at 0."""
        if numbers:
            connection.exec_driver_sql(self._add, [*count_rows(numbers)])

    def delete_ended(
        self,
        connection: Connection,
        ended_before: float,
        keep: Collection[str],
        *,
        batch: int,
        epoch: int | None,
    ) -> int:
        query = (
            select(_ID)
            .where(containers.c.ended_at < ended_before)
            .where(_ID.not_in(sorted(keep)))
            .order_by(_ID)
            .limit(batch)
            .with_for_update(skip_locked=True)
        )
        if epoch is not None:
            query = query.where(_is_claimed())
        ids = connection.scalars(query, {"epoch": epoch}).all()
        among = self._backend.among(_ID, "ids")
        connection.execute(delete(containers).where(among), self._named(ids))
        return len(ids)

    def delete_abandoned(self, connection: Connection, registered_before: float) -> None:
        """Delete the containers of before that whose accounts nobody has claimed."""
        is_claimed = exists().where(
            claims.c.account == containers.c.account, claims.c.epoch == leases.c.epoch
        )
        connection.execute(
            delete(containers).where(containers.c.registered_at < registered_before, ~is_claimed)
        )

    def overwrite(self, connection: Connection, state: StoredState) -> None:
        """Write the state over what is there, but for ended containers and greater counts."""
        records = sorted(state.records, key=lambda item: item.container_id)
        if records:
            connection.execute(_overwriting(self._backend), [row_of(item) for item in records])
        if state.counts:
            connection.execute(_raising(self._backend), count_rows(state.counts))


def _is_claimed() -> ColumnElement[bool]:
    return and_(claims.c.account == containers.c.account, claims.c.epoch == bindparam("epoch"))


def _rows(records: Mapping[str, ContainerRecord], ids: Collection[str]) -> list[Values]:
    return [row_of(records[container_id]) for container_id in sorted(ids)]


def _update_by_key() -> Update:
    return (
        update(containers)
        .where(bindparam(_ID.name) == _ID)
        .values({name: bindparam(name) for name in _COLUMNS if name != _ID.name})
    )


def _adding(backend: Backend) -> Insert:
    statement = backend.insert(counts)
    total = counts.c.value + statement.excluded.value
    return statement.on_conflict_do_update(index_elements=counts.primary_key, set_={"value": total})


def _raising(backend: Backend) -> Insert:
    statement = backend.insert(counts)
    new, old = statement.excluded.value, counts.c.value
    return statement.on_conflict_do_update(
        index_elements=counts.primary_key, set_={"value": case((new > old, new), else_=old)}
    )


def _overwriting(backend: Backend) -> Insert:
    statement = backend.insert(containers)
    return statement.on_conflict_do_update(
        index_elements=containers.primary_key,
        set_={name: statement.excluded[name] for name in _COLUMNS},
        where=containers.c.outcome.is_(None),
    )
