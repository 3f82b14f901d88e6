from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from exporter.containers.lifecycle import Step
from exporter.containers.record import ContainerRecord
from exporter.containers.rows import CountKey


@dataclass(frozen=True, slots=True)
class Change:
    """What is stored as a whole or not at all: new containers, what became of others, reports.

    One that `can_wait` takes effect though the store is down, and is stored once it is up again.
    """

    records: Sequence[ContainerRecord] = ()
    steps: Sequence[Step] = ()
    reports: Collection[CountKey] = ()
    can_wait: bool = False

    def without(self, refused: Collection[str]) -> "Change":
        """Return the change without the steps of those containers."""
        steps = [step for step in self.steps if step.record.container_id not in refused]
        return replace(self, steps=steps)

    def __bool__(self) -> bool:
        return bool(self.records or self.steps or self.reports)
