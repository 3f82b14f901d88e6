"""How many calls to Meta the process has file descriptors for, beside what it serves."""

import resource
from dataclasses import dataclass

import structlog

_OWN = 16
"""Standard streams, the store, the event loop, the listener, and a file or two that are read."""

_OF_A_CALL = 2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallSlots:
    """How many polls, and how many of the polls that probes make, may be under way."""

    polls: int
    probes: int

    def within(self, descriptors: int) -> "CallSlots":
        """Return as many as there are descriptors for: connections to the exporter take half."""
        if descriptors < 0:
            return self
        calls = max((descriptors // 2 - _OWN) // _OF_A_CALL, 2)
        fitting = CallSlots(
            min(self.polls, calls - calls // 4), min(self.probes, max(calls // 4, 1))
        )
        if fitting.polls < self.polls:
            _log.warning(
                "fewer polls at a time than polling.max_in_flight: raise the limit of open files",
                polls=fitting.polls,
                open_files=descriptors,
            )
        return fitting


def descriptor_limit() -> int:
    """Return how many the process may have open, below 0 if there is no limit."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
