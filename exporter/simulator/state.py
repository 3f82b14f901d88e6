import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import RLock

from exporter.clock import Clock
from exporter.simulator.containers import Container
from exporter.simulator.tokens import Token

FIRST_OBJECT_ID = 17_900_000_000_000_001
FIRST_USER_ID = 17_841_400_000_000_001


@dataclass(slots=True)
class State:
    """What the simulated Meta remembers; whoever reads or writes it holds `lock`."""

    clock: Clock
    speed: float
    lock: AbstractContextManager[object] = field(default_factory=RLock)
    tokens: dict[str, Token] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)
    _object_ids: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_OBJECT_ID))

    def seconds(self) -> float:
        """Return the simulated time: what ages and quota windows are measured in."""
        return self.clock.monotonic() * self.speed

    def new_object_id(self) -> str:
        return str(next(self._object_ids))
