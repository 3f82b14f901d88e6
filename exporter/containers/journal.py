"""What is written to the store, and what waits for a store that cannot be written to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import structlog

from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKind, StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError, StoreTrouble

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

    def __init__(self, store: ContainerStore) -> None:
        self._store = store
        self._trouble: StoreError | None = None
        self._waiting = [_Waiting()]
        self._lost = False
        self._renewing = False

    @property
    def up(self) -> bool:
        return self._trouble is None

    def register(self, records: Sequence[ContainerRecord]) -> None:
        """Store new containers; raises StoreError, at once while the store is down."""
        self._write(lambda: self._store.register(records))

    def count(self, account: str, kind: CountKind, name: str) -> None:
        """Count on disk; raises StoreError, at once while the store is down."""
        self._write(lambda: self._store.count(account, kind, name))

    def save(self, steps: Sequence[Step]) -> None:
        """Store what became of containers; raises StoreError, at once while the store is down."""
        self._write(lambda: self._store.save(steps))

    def register_in_time(self, records: Sequence[ContainerRecord]) -> None:
        """Store new containers now, or when the store is up again."""
        try:
            self.register(records)
        except StoreError:
            new = {record.container_id: record for record in records}
            if new.keys() & self._waiting[-1].steps.keys():
                # A container that was removed and is back again begins anew.
                self._waiting.append(_Waiting())
            self._waiting[-1].records |= new

    def save_in_time(self, steps: Sequence[Step]) -> None:
        """Store what became of containers now, or when the store is up again."""
        try:
            self.save(steps)
        except StoreError:
            waiting = self._waiting[-1].steps
            for step in steps:
                container_id = step.record.container_id
                waiting[container_id] = _joined(waiting.get(container_id), step)

    def forget(self, ended_before: float, keep: Collection[str] = ()) -> bool:
        """Delete what ended before that; return whether the store was up to it."""
        try:
            self._write(lambda: self._store.forget(ended_before, keep=keep))
        except StoreError:
            return False
        return True

    def check(self) -> bool:
        """Return whether there is a point in catching up; may wait for the store."""
        try:
            self._store.save(())
        except StoreError as error:
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

    def _write(self, write: Callable[[], object]) -> None:
        if self._trouble is not None:
            # An error that is raised again would hold ever more of a traceback.
            raise StoreError(self._trouble.kind, str(self._trouble))
        try:
            write()
        except StoreError as error:
            self._fails(error)
            raise

    def _fails(self, error: StoreError) -> None:
        if self._trouble is None or self._trouble.kind is not error.kind:
            _log.error("store is down", trouble=error.kind, problem=str(error))
        self._trouble = StoreError(error.kind, str(error))
        self._lost = error.kind in _LOST


def _joined(earlier: Step | None, later: Step) -> Step:
    if earlier is None:
        return later
    return replace(later, outcomes=earlier.outcomes + later.outcomes)
