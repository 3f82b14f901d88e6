from dataclasses import dataclass

from exporter.domain import ContainerOutcome, ContainerState, ContainerStatus

_ENDS = {
    ContainerStatus.PUBLISHED: ContainerOutcome.PUBLISHED,
    ContainerStatus.ERROR: ContainerOutcome.ERROR,
    ContainerStatus.EXPIRED: ContainerOutcome.EXPIRED,
}


_PENDING = ContainerState(ContainerStatus.PENDING)


@dataclass(frozen=True, slots=True)
class TrackedContainer:
    """A container on its way; `registered_at` is Unix seconds, the other times are monotonic."""

    container_id: str
    registered_at: float
    tracked_since: float
    state: ContainerState = _PENDING
    asked_at: float | None = None
    unknown_to_meta: bool = False
    processed: bool = False
    outcome: ContainerOutcome | None = None
    ended_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def end(self) -> ContainerOutcome | None:
        """Return the outcome that the status stands for, if it is one that stays."""
        return _ENDS.get(self.state.status)
