from collections.abc import Callable
from dataclasses import dataclass

from exporter.metrics.desc import Desc, Label, Samples
from exporter.metrics.state import Context, ExporterState
from exporter.observations.model import AccountObservation

ACCOUNT = Label("account", meaning="the account's `name` in the configuration")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A metric of an account.

    `samples` yields the values of the labels after `account`; with `configured_labels` those of
    the context's label names come last.
    """

    desc: Desc
    samples: Callable[[AccountObservation, Context], Samples]
    configured_labels: bool = False

    def labels(self, context: Context) -> tuple[Label, ...]:
        """Return all labels but the first, `account`."""
        configured = context.label_names if self.configured_labels else ()
        return (*self.desc.labels[1:], *(Label(name) for name in configured))


@dataclass(frozen=True, slots=True)
class ExporterRow:
    desc: Desc
    samples: Callable[[ExporterState], Samples]
