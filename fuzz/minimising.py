"""The smallest input that still breaks a target in the same way."""

import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

Target = Callable[[bytes], None]

_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a target raises, and where; two are equal whatever their texts."""

    error: str
    place: str
    text: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.error} at {self.place}: {self.text}"


def minimised(target: Target, data: bytes) -> bytes:
    """Return the input without what can be left out of it, as far as that is found in time."""
    breakage = broken_by(target, data)
    until = time.monotonic() + _SECONDS
    smaller: bytes | None = data
    while breakage is not None and smaller is not None:
        data = smaller
        candidates = takewhile(lambda _: time.monotonic() < until, _shortened(data))
        smaller = next((one for one in candidates if broken_by(target, one) == breakage), None)
    return data


def broken_by(target: Target, data: bytes) -> Breakage | None:
    """Return what an input leads to, None if it breaks nothing."""
    try:
        target(data)
    except Exception as error:  # noqa: BLE001 -- any is a finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Breakage(type(error).__name__, f"{place.filename}:{place.lineno}", str(error))
    return None


def _shortened(data: bytes) -> Iterator[bytes]:
    """Yield the input without a piece of it, large pieces first."""
    size = (len(data) + 1) // 2
    while size:
        for start in range(0, len(data), size):
            yield data[:start] + data[start + size :]
        size //= 2
