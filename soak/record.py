"""What a run saw, for the judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """What the exporter held at a moment, in seconds from the start of the run."""

    at: float
    process: int
    bytes: int
    threads: int
    files: int
    store_bytes: int


@dataclass(frozen=True, slots=True)
class Scrape:
    """`status` is None where there was no answer; `excused` while the exporter could give none."""

    at: float
    seconds: float
    status: int | None
    size: int = 0
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a scrape told of the accounts: how many were judged, whose reading was too old.

    `oldest` is the greatest age of a reading among those that were judged.
    """

    at: float
    judged: int
    stale: tuple[str, ...]
    removed: tuple[str, ...]
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class Containers:
    """How containers ended: as Meta tells it, and as the exporter counted it, by account."""

    true: Mapping[tuple[str, str], int]
    counted: Mapping[tuple[str, str], int]
    gave_up: int = 0
    unacknowledged: int = 0


@dataclass
class Record:
    samples: list[Sample] = field(default_factory=list)
    scrapes: list[Scrape] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    unhealthy: list[float] = field(default_factory=list)
    died: list[float] = field(default_factory=list)
    containers: Containers = field(default_factory=lambda: Containers({}, {}))
    calls: int = 0
    most_calls: int = 0
    call_budget: int = 0
    defects: int = 0
    defect_lines: tuple[str, ...] = ()
    store_up: bool = True
    exit_code: int = 0
    warm_up: float = 0.0
    watched_from: float = 0.0
    refused_reloads: int = 0
