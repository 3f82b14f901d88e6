"""What is written to the store, and what waits for a store that cannot be written to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import structlog

from exporter.containers.change import Change
from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.time_limit import POLLS_WAIT_SECONDS, time_limit
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

    Its callers take turns, for which polls wait.
    """

    def __init__(
        self,
        store: ContainerStore,
        failed: Callable[[StoreTrouble], object],
        fenced: Callable[[int], object],
    ) -> None:
        """Have `failed` told of each time that the store fails.

        `fenced` is told how many containers were not changed, as they are another process's now.
        """
        self._store = store
        self._failed = failed
        self._fenced = fenced
        self._trouble: StoreError | None = None
        self._waiting = [_Waiting()]
        self._lost = False
        self._renewing = False

    @property
    def up(self) -> bool:
        return self._trouble is None

    def write(self, changes: Sequence[Change]) -> Sequence[Change | Exception]:
        """Store the changes in one commit; return what is made of each, or why it is not.

        That is a StoreError, at once while the store is down, or a ValueError for a text that
        no database takes.
        """
        done = self._commit(changes)
        return [self._unless_it_waits(*each) for each in zip(changes, done, strict=True)]

    def _commit(self, changes: Sequence[Change]) -> Sequence[Change | Exception]:
        if self._trouble is not None:
            return [_again(self._trouble) for _ in changes]
        done = self._try(changes)
        if isinstance(done, Exception):
            if len(changes) > 1 and _may_be_of_one(done, changes):
                done = [_first(self._try([change])) for change in changes]
            else:
                done = [_again(done) for _ in changes]
        for each in done:
            if isinstance(each, StoreError):
                self._fails(each)
        return done

    def _try(self, changes: Sequence[Change]) -> Sequence[Change | Exception] | Exception:
        try:
            with time_limit(POLLS_WAIT_SECONDS), self._store.together():
                return self._store_all(changes)
        except StoreError as error:
            self._failed(error.kind)
            return error
        except ValueError as error:
            return error

    def _store_all(self, changes: Sequence[Change]) -> Sequence[Change]:
        records = [record for change in changes for record in change.records]
        steps = [step for change in changes for step in change.steps]
        if records:
            self._store.register(records)
        stored = self._store.save(steps) if steps else ()
        for report in (report for change in changes for report in change.reports):
            self._store.count(report.account, report.kind, report.name)
        refused = {step.record.container_id for step in steps} - set(stored)
        if self._store.epoch is None or not refused:
            return changes
        self._fenced(len(refused))
        return [change.without(refused) for change in changes]

    def _unless_it_waits(self, change: Change, done: Change | Exception) -> Change | Exception:
        if not (change.can_wait and isinstance(done, StoreError)):
            return done
        new = {record.container_id: record for record in change.records}
        if new.keys() & self._waiting[-1].steps.keys():
            # A container that was removed and is back again begins anew.
            self._waiting.append(_Waiting())
        self._waiting[-1].records |= new
        waiting = self._waiting[-1].steps
        for step in change.steps:
            container_id = step.record.container_id
            waiting[container_id] = _joined(waiting.get(container_id), step)
        return change

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


def _first(done: Sequence[Change | Exception] | Exception) -> Change | Exception:
    return done if isinstance(done, Exception) else done[0]


def _again(error: Exception) -> Exception:
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
