"""Setting the wall clock of a process, and of nobody else, by Debian's libfaketime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parents[2] / ".tools/faketime"

FAKETIME: Final = _FOLDER / "usr/bin/faketime"
"""There once scripts/fetch-faketime has run."""


class SetClock:
    """A process's wall clock, so many seconds off; its monotonic clock goes on as it is."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what the process is to be started with."""
        (library,) = _FOLDER.glob("usr/lib/*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else whatever waits for the interpreter's lock waits for it in a busy loop.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def set(self, seconds_off: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds_off:+}\n", "ascii")
        fresh.replace(self._file)
