from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Sample = tuple[tuple[str, ...], float]
Samples = Iterable[Sample]


class MetricType(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Stability(StrEnum):
    """STABLE keeps name, type and labels within a major version; EXPERIMENTAL may change."""

    STABLE = "stable"
    EXPERIMENTAL = "experimental"


@dataclass(frozen=True, slots=True)
class Label:
    """A label: the closed set of its `values`, or what they mean where they are not listed."""

    name: str
    values: tuple[str, ...] = ()
    meaning: str = ""
    max_length: int = 128


@dataclass(frozen=True, slots=True)
class Desc:
    """A metric as its readers see it; `when` and `promql` are for the documentation alone."""

    name: str
    type: MetricType
    help: str
    labels: tuple[Label, ...] = ()
    when: str = "always"
    promql: str = ""
    stability: Stability = Stability.STABLE
    buckets: Sequence[float] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)
