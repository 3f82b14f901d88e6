"""What was measured: figures of several repetitions, and how they stand to a yardstick."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Unit(StrEnum):
    """What a figure is of; the value is how it is written behind one."""

    SECONDS = "s"
    CORES = "cores"
    BYTES = "B"
    PER_SECOND = "/s"
    SHARE = "%"
    NUMBER = ""


class Judged(StrEnum):
    """What a target bounds: the ratio to the yardstick, or the figure itself."""

    RATIO = "ratio"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of several repetitions of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Target:
    """The bound that a row is to keep; `at_least` makes it a lower one."""

    judged: Judged
    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the exporter's figures, and the yardstick's of the same run."""

    name: str
    what: str
    unit: Unit
    ours: Figures
    yardstick: Figures | None = None
    against: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Return ours over the yardstick's, by their medians."""
        return self.ours.median / self.yardstick.median if self.yardstick else None

    @property
    def met(self) -> bool | None:
        """Return whether the target is met; None where there is none."""
        if self.target is None:
            return None
        value = self.ratio if self.target.judged is Judged.RATIO else self.ours.median
        return value is not None and self.target.is_met(value)


def at_most(ratio: float) -> Target:
    return Target(Judged.RATIO, ratio)


def at_least(ratio: float) -> Target:
    return Target(Judged.RATIO, ratio, at_least=True)


def alternate(repetitions: int, *tasks: Callable[[], float]) -> Sequence[Figures]:
    """Run the tasks in turn, again and again, so that what disturbs one disturbs all."""
    rounds = [[task() for task in tasks] for _ in range(repetitions)]
    return [Figures(values) for values in zip(*rounds, strict=True)]
