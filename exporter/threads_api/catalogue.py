"""The error catalogue: which known error a failed call is."""

from types import MappingProxyType

from exporter.threads_api.entry import Action, Category, Entry, RateLimitScope
from exporter.threads_api.envelope import GraphError
from exporter.threads_api.known_errors import ENTRIES
from exporter.threads_api.matching import FailedCall

__all__ = [
    "ENTRIES",
    "KNOWN_ERRORS",
    "UNKNOWN_ERROR",
    "Action",
    "Category",
    "Entry",
    "RateLimitScope",
    "classify",
    "entry_named",
]

_BY_NAME = MappingProxyType({entry.known.name: entry for entry in ENTRIES})
KNOWN_ERRORS = tuple(entry.known for entry in ENTRIES)
UNKNOWN_ERROR = _BY_NAME["unknown_error"]


def classify(error: GraphError | None, http_status: int | None) -> Entry:
    """Return the entry that recognises most of a failed call (see `Precision`); never raises.

    Where two recognise as much, the one that stands first in the table has it.
    """
    error = error or GraphError()
    call = FailedCall(error, error.message.casefold(), http_status)
    return max(ENTRIES, key=lambda entry: entry.precision(call))


def entry_named(name: str) -> Entry | None:
    return _BY_NAME.get(name)
