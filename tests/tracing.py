"""Which child processes are traced for the coverage: those that ask for it.

Tracing makes them start several times as slowly, and most have nothing to add.
"""

import os

_NAMES = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")

TRACED: dict[str, str] = {}
"""The environment of a process that is to be traced, empty where nothing is."""


def trace_none_unasked() -> None:
    TRACED.update((name, os.environ.pop(name)) for name in _NAMES if name in os.environ)
