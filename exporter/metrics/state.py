from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import Protocol

from exporter.clock import Clock
from exporter.domain import KnownError, LeaseStatus, PausedScope, SourceStatus
from exporter.observations.model import AccountObservation

_CALLS_HOLD_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class BuildInfo:
    version: str
    revision: str
    python_version: str


@dataclass(frozen=True, slots=True)
class ExporterState:
    """What a scrape tells of the exporter itself.

    `stale_after` is in seconds, `reload_success_at` in Unix seconds; `inspector_token_valid` is
    None while none is configured or nothing is known of it, `store_up` while no store is in use,
    `lease` while nobody else can be on it, `web_certificate_expires_at`, in Unix seconds, without
    TLS. `heartbeats` are when each loop last showed that it lives, in Unix seconds; `log_dropped`
    is how many log lines were lost.
    `account_sources` are those of `account_http_sd`, in their order.
    `paused_scopes` are how many of each kind make no calls because of Meta's rate limits.
    `per_container_limit` is how many containers, of all accounts together, have series of their
    own in a scrape.
    """

    build: BuildInfo
    catalogue: Sequence[KnownError]
    stale_after: float
    call_budget: int
    reload_successful: bool
    reload_success_at: float
    shard: int = 0
    total_shards: int = 1
    configured_accounts: int = 0
    account_sources: Sequence[SourceStatus] = ()
    inspector_token_valid: bool | None = None
    store_up: bool | None = None
    lease: LeaseStatus | None = None
    web_certificate_expires_at: float | None = None
    heartbeats: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    log_dropped: int = 0
    paused_scopes: Mapping[PausedScope, int] = field(default_factory=lambda: MappingProxyType({}))
    per_container_limit: int = 10_000


@dataclass(slots=True)
class Allowance:
    """How many things a scrape may still show, and how many it has left out for want of room."""

    left: int
    left_out: int = 0

    def take(self, wanted: int) -> int:
        """Return how many of those wanted may be shown."""
        granted = min(wanted, self.left)
        self.left -= granted
        self.left_out += wanted - granted
        return granted


@dataclass(slots=True)
class Context:
    """What the rows of an account read beside its observation.

    `wall` is Unix seconds; `label_names` are the configured labels of all accounts together, and
    `containers` is the one room that all accounts share for containers with series of their own.
    `holds_until`, in monotonic seconds, is when what the rows read may change with time alone.
    """

    wall: float
    monotonic: float
    stale_after: float
    call_budget: int
    calls_24h: Callable[[str], int]
    containers: Allowance
    label_names: tuple[str, ...] = ()
    holds_until: float = inf

    def is_fresh(self, read_at: float) -> bool:
        """Tell whether what was read then, in monotonic seconds, is recent enough to expose."""
        return self._holds_for(read_at + self.stale_after - self.monotonic)

    def is_ahead(self, moment: float) -> bool:
        """Tell whether a moment, in Unix seconds, is yet to come."""
        return self._holds_for(moment - self.wall) and moment > self.wall

    def spent(self, account: str) -> int:
        """Return the calls of the last 24 h, which become fewer as calls get older."""
        self._holds_for(_CALLS_HOLD_SECONDS)
        return self.calls_24h(account)

    def _holds_for(self, seconds: float) -> bool:
        if seconds >= 0:
            self.holds_until = min(self.holds_until, self.monotonic + seconds)
        return seconds >= 0


class Rules(Protocol):
    """What of the configuration tells how an account is shown; `stale_after` is in seconds."""

    @property
    def stale_after(self) -> float: ...

    @property
    def call_budget(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a scrape reads.

    `accounts` gives the same mapping until accounts are added or removed, `changed` the names of
    those that came, or changed, since it was last asked, `calls_24h` the calls that an account has
    spent. `rules` is asked for each poll, `state`, which may take longer, for each scrape.
    """

    accounts: Callable[[], Mapping[str, AccountObservation]]
    changed: Callable[[], Iterable[str]]
    state: Callable[[], ExporterState]
    rules: Callable[[], Rules]
    calls_24h: Callable[[str], int]
    clock: Clock

    def context(self, label_names: tuple[str, ...], containers: int = 0) -> Context:
        """Return what rows read now, with room for the series of so many containers."""
        rules = self.rules()
        return Context(
            wall=self.clock.wall(),
            monotonic=self.clock.monotonic(),
            stale_after=rules.stale_after,
            call_budget=rules.call_budget,
            calls_24h=self.calls_24h,
            containers=Allowance(containers),
            label_names=label_names,
        )
