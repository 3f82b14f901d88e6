"""Prometheus durations: `500ms`, `90s`, `1d12h`."""

import re

_MILLISECONDS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in _MILLISECONDS))


def parse_duration(text: object) -> float:
    """Return the seconds; raises ValueError."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not text or match is None:
        raise ValueError("is not a duration: write numbers with units, such as 90s, 5m or 1d12h")
    amounts = zip(match.groups(default="0"), _MILLISECONDS.values(), strict=True)
    return sum(int(amount) * milliseconds for amount, milliseconds in amounts) / 1000


def format_duration(seconds: float) -> str:
    rest = round(seconds * 1000)
    parts = []
    for unit, milliseconds in _MILLISECONDS.items():
        amount, rest = divmod(rest, milliseconds)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
