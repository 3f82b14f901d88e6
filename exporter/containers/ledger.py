"""The calls that were spent, by whose token paid and by hour of the wall clock, in the store."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import BigInteger, Connection, bindparam, case, delete, select, update

from exporter.containers.backend import Backend
from exporter.containers.schema import calls

Entry = tuple[str, int]
"""An owner of a token, and an hour: Unix seconds divided by 3600, whole."""

Hours = Mapping[int, int]
"""Calls by hour."""


class CallLedger:
    """Adds up what all processes on the store spend; safe to use from many threads.

    Each method is one transaction and raises StoreError; after that it may yet have happened.
    """

    def __init__(
        self,
        backend: Backend,
        transaction: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._transaction = transaction
        self._take_turn = backend.take_turn
        self._array = backend.array
        self._select = select(calls).where(
            backend.among(calls.c.owner, "owners"), calls.c.hour >= bindparam("since")
        )
        row = backend.insert(calls)
        new, old = row.excluded.spent, calls.c.spent
        key = calls.primary_key
        self._add = row.on_conflict_do_update(key, set_={"spent": old + new})
        self._raise = row.on_conflict_do_update(
            key, set_={"spent": case((new > old, new), else_=old)}
        )
        given_back = bindparam("given_back", type_=BigInteger)
        self._subtract = (
            update(calls)
            .where(calls.c.owner == bindparam("of_owner"), calls.c.hour == bindparam("of_hour"))
            .values(spent=case((old > given_back, old - given_back), else_=0))
        )
        self._is_lost = False

    def settle(
        self,
        owners: Collection[str],
        since: int,
        decide: Callable[[Mapping[str, Hours]], Mapping[Entry, int]],
    ) -> None:
        """Add to the entries what is decided upon those of the owners since that hour.

        What is less than nothing is given back. Nobody else settles meanwhile.
        """
        with self._transaction() as connection:
            self._take_turn(connection)
            self._write(connection, decide(self._read(connection, owners, since)))

    def _read(
        self, connection: Connection, owners: Collection[str], since: int
    ) -> Mapping[str, Hours]:
        spent: defaultdict[str, dict[int, int]] = defaultdict(dict)
        named = {"owners": self._array(sorted(owners)), "since": since}
        for owner, hour, number in connection.execute(self._select, named):
            spent[owner][hour] = number
        return spent

    def _write(self, connection: Connection, changes: Mapping[Entry, int]) -> None:
        added = _rows({entry: number for entry, number in changes.items() if number > 0})
        if added:
            connection.execute(self._add, added)
        given_back = [
            {"of_owner": owner, "of_hour": hour, "given_back": -number}
            for (owner, hour), number in sorted(changes.items())
            if number < 0
        ]
        if given_back:
            connection.execute(self._subtract, given_back)

    @property
    def is_lost(self) -> bool:
        """Tell whether what was entered was lost with the store, and is to be restored."""
        return self._is_lost

    def lose(self) -> None:
        self._is_lost = True

    def restore(self, entries: Mapping[Entry, int]) -> None:
        """Have no less in these entries."""
        with self._transaction() as connection:
            self._take_turn(connection)
            if entries:
                connection.execute(self._raise, _rows(entries))
        self._is_lost = False

    def forget(self, before: int) -> None:
        """Delete the entries of the hours before that."""
        with self._transaction() as connection:
            connection.execute(delete(calls).where(calls.c.hour < before))


def _rows(entries: Mapping[Entry, int]) -> Sequence[Mapping[str, str | int]]:
    return [
        {"owner": owner, "hour": hour, "spent": number}
        for (owner, hour), number in sorted(entries.items())
    ]
