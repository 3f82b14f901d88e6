from collections.abc import Iterable, Mapping

from exporter.metrics.instruments import Instruments
from exporter.metrics.label_values import clean
from exporter.metrics.rows.account import INFO
from exporter.metrics.rows.row import ACCOUNT
from exporter.observations.model import AccountObservation


def label_names(accounts: Iterable[AccountObservation]) -> tuple[str, ...]:
    """Return the configured labels of all accounts together."""
    return tuple(sorted({name for account in accounts for name in account.identity.labels}))


def labelled(accounts: Iterable[str], instruments: Instruments) -> Mapping[str, str]:
    """Return the accounts' names by the value of their label; who has the same comes off badly."""
    names: dict[str, str] = {}
    for name in accounts:
        if names.setdefault(clean(name, ACCOUNT), name) is not name:
            instruments.collect_failed(INFO.name)
    return names
