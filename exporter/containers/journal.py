"""What is written to the store, and what waits for a store that cannot be written to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import structlog

from exporter.containers.change import Change
from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

_log = structlog.get_logger(__name__)

_LOST = frozenset({StoreTrouble.GONE, StoreTrouble.REPLACED, StoreTrouble.CORRUPT})


@dataclass(slots=True)
class _Waiting:
    """Containers to be stored, and then what became of these and others."""

    records: dict[str, ContainerRecord] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


class StoreJournal:
    """Writes through to the store while it is up; what polls learn meanwhile waits for it.

    Its callers take turns.
    """

    def __init__(self, store: ContainerStore, failed: Callable[[StoreTrouble], object]) -> None:
        """Have `failed` told of each time that the store fails."""
        self._store = store
        self._failed = failed
        self._trouble: StoreError | None = None
        self._waiting = [_Waiting()]
        self._lost = False
        self._renewing = False

    @property
    def up(self) -> bool:
        return self._trouble is None

    def write(self, changes: Sequence[Change]) -> Sequence[Exception | None]:
        """Store the changes in one commit; tell of each why it is not made, None if it is.

        That is a StoreError, at once while the store is down, or a ValueError for a text that
        no database takes.
        """
        errors = self._commit(changes)
        return [self._unless_it_waits(*each) for each in zip(changes, errors, strict=True)]

    def _commit(self, changes: Sequence[Change]) -> Sequence[Exception | None]:
        if self._trouble is not None:
            return [_again(self._trouble) for _ in changes]
        error = self._try(changes)
        if error is not None and len(changes) > 1 and _may_be_of_one(error, changes):
            errors = [self._try([change]) for change in changes]
        else:
            errors = [_again(error) for _ in changes]
        for each in errors:
            if isinstance(each, StoreError):
                self._fails(each)
        return errors

    def _try(self, changes: Sequence[Change]) -> Exception | None:
        try:
            with self._store.together():
                self._store_all(changes)
        except StoreError as error:
            self._failed(error.kind)
            return error
        except ValueError as error:
            return error
        return None

    def _store_all(self, changes: Sequence[Change]) -> None:
        records = [record for change in changes for record in change.records]
        steps = [step for change in changes for step in change.steps]
        if records:
            self._store.register(records)
        if steps:
            self._store.save(steps)
        for report in (report for change in changes for report in change.reports):
            self._store.count(report.account, report.kind, report.name)

    def _unless_it_waits(self, change: Change, error: Exception | None) -> Exception | None:
        if not (change.can_wait and isinstance(error, StoreError)):
            return error
        new = {record.container_id: record for record in change.records}
        if new.keys() & self._waiting[-1].steps.keys():
            # A container that was removed and is back again begins anew.
            self._waiting.append(_Waiting())
        self._waiting[-1].records |= new
        waiting = self._waiting[-1].steps
        for step in change.steps:
            container_id = step.record.container_id
            waiting[container_id] = _joined(waiting.get(container_id), step)
        return None

    def forget(self, ended_before: float, keep: Collection[str] = ()) -> bool:
        """Delete what ended before that; return whether the store was up to it."""
        if self._trouble is not None:
            return False
        try:
            self._store.forget(ended_before, keep=keep)
        except StoreError as error:
            self._failed(error.kind)
            self._fails(error)
            return False
        return True

    def check(self) -> bool:
        """Return whether there is a point in catching up; may wait for the store."""
        try:
            self._store.save(())
        except StoreError as error:
            self._failed(error.kind)
            self._fails(error)
            return error.kind in _LOST
        self._lost = self._renewing
        return self._trouble is not None

    def catch_up(self, state: StoredState) -> None:
        """Write to a store that was down what waits for it; `state` is all there is."""
        try:
            if self._lost:
                self._renew(state)
            self._replay()
        except StoreError as error:
            self._failed(error.kind)
            self._fails(error)
            return
        self._trouble = None
        _log.info("store is up again")

    def _renew(self, state: StoredState) -> None:
        # A store that was renewed in vain is in place, and empty.
        self._renewing = True
        self._store.restore(state)
        self._lost = self._renewing = False
        self._waiting = [_Waiting()]

    def _replay(self) -> None:
        while self._waiting:
            self._store.register(tuple(self._waiting[0].records.values()))
            self._waiting[0].records.clear()
            self._store.save(tuple(self._waiting[0].steps.values()))
            del self._waiting[0]
        self._waiting.append(_Waiting())

    def _fails(self, error: StoreError) -> None:
        if self._trouble is None or self._trouble.kind is not error.kind:
            _log.error("store is down", trouble=error.kind, problem=str(error))
        self._trouble = StoreError(error.kind, str(error))
        self._lost = error.kind in _LOST


def _again(error: Exception | None) -> Exception | None:
    """Return an error of its own for each: one raised many times holds ever more of a traceback."""
    return StoreError(error.kind, str(error)) if isinstance(error, StoreError) else error


def _may_be_of_one(error: Exception, changes: Sequence[Change]) -> bool:
    """Tell whether the changes may be tried again one by one, since only some of them may fail.

    After a StoreError a report may have been counted all the same.
    """
    if not isinstance(error, StoreError):
        return True
    return error.kind is StoreTrouble.OTHER and not any(change.reports for change in changes)


def _joined(earlier: Step | None, later: Step) -> Step:
    if earlier is None:
        return later
    return replace(later, outcomes=earlier.outcomes + later.outcomes)
