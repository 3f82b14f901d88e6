from dataclasses import dataclass
from enum import StrEnum

from exporter.domain import ContainerOutcome, ContainerState, ContainerStatus


class Source(StrEnum):
    """Who told of a container."""

    CONFIGURATION = "configuration"
    API = "api"


_NEVER_ANSWERED = ContainerState(ContainerStatus.PENDING)


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """A container and all that is remembered of it; times are Unix seconds.

    `container_id` is unique over all accounts. While it is tracked `outcome` and `ended_at` are
    None; afterwards `next_ask_at` is. `gave_up` tells that this outcome was counted: the container
    is asked about more rarely since, and may yet end in another way. `unknown_to_meta` tells that
    Meta did not know the id when it last answered.
    """

    account: str
    container_id: str
    source: Source
    registered_at: float
    state: ContainerState = _NEVER_ANSWERED
    asked_at: float | None = None
    next_ask_at: float | None = None
    gave_up: bool = False
    outcome: ContainerOutcome | None = None
    ended_at: float | None = None
    unknown_to_meta: bool = False
    processed_at: float | None = None

    @property
    def is_tracked(self) -> bool:
        return self.outcome is None
