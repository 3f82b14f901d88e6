from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from exporter.metrics.desc import Desc, Label, Samples
from exporter.metrics.state import Context, ExporterState
from exporter.observations.model import AccountObservation

ACCOUNT = Label("account", meaning="the account's `name` in the configuration")
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class AccountRow(Generic[Part]):
    """A metric of an account: which part of what was last seen it tells of, and its samples.

    The samples depend on the part alone, and not on the order of a mapping: equal parts make equal
    text. They have the values of the
    labels after `account`; with `configured_labels` those of the context's label names come last.
    """

    desc: Desc
    part: Callable[[AccountObservation, Context], Part]
    samples: Callable[[Part], Samples]
    configured_labels: bool = False

    def collect(self, observation: AccountObservation, context: Context) -> Samples:
        return self.samples(self.part(observation, context))

    def labels(self, context: Context) -> tuple[Label, ...]:
        """Return all labels but the first, `account`."""
        configured = context.label_names if self.configured_labels else ()
        return (*self.desc.labels[1:], *(Label(name) for name in configured))


AnyAccountRow = AccountRow[Any]


@dataclass(frozen=True, slots=True)
class ExporterRow:
    desc: Desc
    samples: Callable[[ExporterState], Samples]
