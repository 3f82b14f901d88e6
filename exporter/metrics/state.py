from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exporter.clock import Clock
from exporter.domain import KnownError
from exporter.observations.model import AccountObservation


@dataclass(frozen=True, slots=True)
class BuildInfo:
    version: str
    revision: str
    python_version: str


@dataclass(frozen=True, slots=True)
class ExporterState:
    """What a scrape tells of the exporter itself.

    `stale_after` is in seconds, `reload_success_at` in Unix seconds; `inspector_token_valid` is
    None while none is configured or nothing is known of it.
    """

    build: BuildInfo
    catalogue: Sequence[KnownError]
    stale_after: float
    call_budget: int
    reload_successful: bool
    reload_success_at: float
    shard: int = 0
    total_shards: int = 1
    inspector_token_valid: bool | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a scrape reads; `calls_24h` tells the calls that an account, by name, has spent."""

    accounts: Callable[[], Mapping[str, AccountObservation]]
    state: Callable[[], ExporterState]
    calls_24h: Callable[[str], int]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of an account read beside its observation, fixed for one scrape.

    `wall` is Unix seconds; `label_names` are the configured labels of all accounts together.
    """

    wall: float
    monotonic: float
    stale_after: float
    call_budget: int
    calls_24h: Callable[[str], int]
    label_names: tuple[str, ...] = ()

    def is_fresh(self, read_at: float) -> bool:
        """Tell whether what was read then, in monotonic seconds, is recent enough to expose."""
        return self.monotonic - read_at <= self.stale_after
