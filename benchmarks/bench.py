"""What a measurement is, and what it is given."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Row

PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured; times in seconds, `long_repetitions` of what takes long.

    `growth_rate` is in polls a second, and the same for each number of accounts in `growth`.
    """

    accounts: int = 10_000
    interval: float = 60.0
    repetitions: int = 5
    long_repetitions: int = 3
    window: float = 60.0
    scrapes: int = 100
    calls: int = 2_500
    registrations: int = 4_000
    growth: tuple[int, ...] = (1_000, 10_000, 50_000)
    growth_rate: float = 250.0
    growth_window: float = 8.0
    rate_window: float = 6.0
    sharded_accounts: int = 100_000
    shards: int = 10
    shard_window: float = 30.0

    @property
    def polls_per_second(self) -> float:
        return self.accounts / self.interval


FULL = Scale()
QUICK = Scale(
    accounts=500,
    interval=3.0,
    repetitions=2,
    long_repetitions=2,
    window=5.0,
    scrapes=20,
    calls=500,
    registrations=300,
    growth=(100, 500),
    growth_rate=100.0,
    growth_window=2.0,
    rate_window=2.0,
    sharded_accounts=300,
    shards=3,
    shard_window=3.0,
)


class MissingToolError(Exception):
    """A yardstick is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A run: how much it measures, a folder of its own, and whom it tells how far it is.

    Shards keep what they keep in the database of `store_url`, or each in a file of its own.
    """

    scale: Scale
    folder: Path
    tell: Callable[[str], None]
    store_url: str = ""

    def subfolder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that is measured at one go, which may make several rows."""

    name: str
    measure: Callable[[Bench], Iterator[Row]]


def tool(name: str, package: str) -> Path:
    """Return where a program is; raises MissingToolError."""
    found = shutil.which(name) or shutil.which(name, path=PATHS)
    if found is None:
        raise MissingToolError(f"{name} is not installed: sudo apt-get install {package}")
    return Path(found)
