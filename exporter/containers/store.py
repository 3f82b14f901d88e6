"""The tracked containers and their counts, on disk, beside the calls that were spent."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import local

from sqlalchemy import Connection, RowMapping, Table, select
from sqlalchemy.exc import SQLAlchemyError

from exporter.containers.backend import Listener, backend_for
from exporter.containers.ledger import CallLedger
from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import (
    CountKey,
    CountKind,
    StoredState,
    check_texts,
    counts_of,
    record_of,
)
from exporter.containers.schema import containers, counts
from exporter.containers.statements import Statements
from exporter.containers.time_limit import POLLS_WAIT_SECONDS, time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import ContainerOutcome, StoreTrouble
from exporter.secret import Secret

_ABANDONED_SECONDS = 7 * 86_400.0


class ContainerStore:
    """Keeps containers and counts in SQLite or PostgreSQL; safe to use from many threads.

    A method that writes does so in one transaction, committed when it returns. Each raises
    StoreError when the database cannot be used, and ValueError for a text with a NUL or half of a
    surrogate pair. After a StoreError the write may yet have happened: all but `count` can be
    repeated without counting twice.
    """

    def __init__(self, url: str, *, password: Secret | None = None, timeout: float = 5.0) -> None:
        """Take `sqlite:///` and an absolute path, or `postgresql+psycopg://…`; raises StoreError.

        No call waits for a lock, or for PostgreSQL, longer than `timeout` seconds.
        """
        self._backend = backend_for(url, timeout, password.reveal() if password else None)
        self._statements = Statements(self._backend)
        self._of_thread = local()
        self.calls = CallLedger(self._backend, self.transaction)
        self.epoch: int | None = None

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes may be on the store, so that accounts are to be claimed."""
        return not self._backend.writes_alone

    def listener(self, channel: str, concerned: Callable[[str], bool]) -> Listener | None:
        """Return what waits for notifications of concern, None where nobody else can send any."""
        return self._backend.listener(channel, concerned)

    def open(self) -> None:
        """Create or migrate the tables; raises StoreError for a store that is not ours to use."""
        try:
            self._backend.open()
        except SQLAlchemyError as error:
            self._backend.close()
            raise self._backend.explain(error) from None
        except StoreError:
            self._backend.close()
            raise

    def close(self) -> None:
        self._backend.close()

    def load(self, accounts: Collection[str] | None = None) -> StoredState:
        """Return all there is, or what there is of some accounts."""
        with self.transaction() as connection:
            self._backend.take_snapshot(connection)
            stored, counted = (
                self._rows_of(connection, table, accounts) for table in (containers, counts)
            )
        try:
            return StoredState([record_of(row) for row in stored], counts_of(counted))
        except ValueError as error:
            raise StoreError(
                StoreTrouble.CORRUPT,
                f"{self._backend.place}: {error}: restore a backup, or name another store",
            ) from None

    def _rows_of(
        self, connection: Connection, table: Table, accounts: Collection[str] | None
    ) -> Sequence[RowMapping]:
        rows = select(table)
        if accounts is None:
            return connection.execute(rows).mappings().all()
        among = self._backend.among(table.c.account, "accounts")
        named = {"accounts": self._backend.array(sorted(accounts))}
        return connection.execute(rows.where(among), named).mappings().all()

    def register(self, records: Sequence[ContainerRecord]) -> Collection[str]:
        """Store all of the containers or none; return those that were not known before.

        One that was removed is not known any more.
        """
        first = {record.container_id: record for record in reversed(records)}
        _check(first.values())
        with self.transaction() as connection:
            self._statements.delete_removed(connection, first.keys())
            new = self._statements.insert_new(connection, first)
            owners = Counter((first[key].account, first[key].source) for key in new)
            registered = {
                CountKey(account, CountKind.REGISTERED, source): number
                for (account, source), number in owners.items()
            }
            self._statements.add(connection, registered)
            return new

    def save(self, steps: Sequence[Step], *, anyones: bool = False) -> Collection[str]:
        """Store what the steps made of their containers, and count it; return those stored.

        A container that has ended in the meantime, or was never registered, is left alone, and
        nothing is counted for it: that may be the work of another process. So is one of an account
        that is not claimed with the `epoch`, once there is one, unless they may be of `anyones`.
        """
        epoch = None if anyones else self.epoch
        with self.transaction() as connection:
            gave_up = self._statements.lock_tracked(
                connection, {step.record.container_id for step in steps}, epoch
            )
            valid = [step for step in steps if step.record.container_id in gave_up]
            self._statements.update_all(connection, [step.record for step in valid])
            counted = Counter(
                key
                for step in valid
                for key in _counted(step, gave_up=gave_up[step.record.container_id])
            )
            self._statements.add(connection, counted)
            return gave_up.keys()

    def count(self, account: str, kind: CountKind, name: str) -> None:
        check_texts((account, name))
        with self.transaction() as connection:
            self._statements.add(connection, {CountKey(account, kind, name): 1})

    def forget(self, ended_before: float, batch: int = 1_000, keep: Collection[str] = ()) -> int:
        """Delete the containers that ended before that, a batch at a time; return how many.

        Those to keep are 30 000 at most. Where accounts are claimed, others' are kept too, and what
        is of accounts that nobody has had for a week is deleted.
        """
        forgotten = 0
        while number := self._forget_batch(ended_before, keep, batch):
            forgotten += number
        if self.epoch is not None:
            with self.transaction() as connection:
                self._statements.delete_abandoned(connection, ended_before - _ABANDONED_SECONDS)
        return forgotten

    def _forget_batch(self, ended_before: float, keep: Collection[str], batch: int) -> int:
        with time_limit(POLLS_WAIT_SECONDS), self.transaction() as connection:
            return self._statements.delete_ended(
                connection, ended_before, keep, batch=batch, epoch=self.epoch
            )

    def restore(self, state: StoredState) -> None:
        """Write everything to a store that was lost under the process.

        A SQLite file that has taken its place, or is damaged, is kept beside it. In a store that
        is there what has ended stays as it is, and of two counts the greater one. The calls are
        not written: `calls` knows then that they were lost.
        """
        _check(state.records)
        try:
            with self._backend.renewing(), self.transaction() as connection:
                self._statements.overwrite(connection, state)
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from None
        self.calls.lose()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit at the end, as one, what this thread registers, saves and counts within."""
        with self.transaction() as connection:
            self._of_thread.connection = connection
            try:
                yield
            finally:
                self._of_thread.connection = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection for what is committed at the end, as one; raises StoreError."""
        under_way: Connection | None = getattr(self._of_thread, "connection", None)
        if under_way is not None:
            yield under_way
            return
        try:
            with self._backend.access(), self._backend.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The driver's error would show how it connects, in a traceback.
            raise self._backend.explain(error) from None


def _check(records: Collection[ContainerRecord]) -> None:
    check_texts([text for record in records for text in (record.account, record.container_id)])


def _counted(step: Step, *, gave_up: bool) -> Iterator[CountKey]:
    account = step.record.account
    for outcome in step.outcomes:
        if not (gave_up and outcome is ContainerOutcome.GAVE_UP):
            yield CountKey(account, CountKind.OUTCOME, outcome)
    if step.error_message is not None:
        yield CountKey(account, CountKind.ERROR, step.error_message)
