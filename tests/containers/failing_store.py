from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKind, StoredState
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError


class FailingStore(ContainerStore):
    """A store that can be made to fail, or to do its work and to fail then."""

    trouble: StoreError | None = None
    lost_answer: StoreError | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        with super().together():
            yield
        if self.lost_answer is not None:
            raise self.lost_answer

    def register(self, records: Sequence[ContainerRecord]) -> Collection[str]:
        self._check()
        return super().register(records)

    def save(self, steps: Sequence[Step], *, anyones: bool = False) -> Collection[str]:
        self._check()
        return super().save(steps, anyones=anyones)

    def count(self, account: str, kind: CountKind, name: str) -> None:
        self._check()
        super().count(account, kind, name)

    def forget(self, ended_before: float, batch: int = 1_000, keep: Collection[str] = ()) -> int:
        self._check()
        return super().forget(ended_before, batch, keep)

    def restore(self, state: StoredState) -> None:
        self._check()
        super().restore(state)

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble
