from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_LATEST: Final = 253_402_300_799
"""The last second of the year 9999, past which RFC 3339 has no times; Meta may name any."""


@lru_cache(maxsize=1_000)
def rfc3339(seconds: float | None) -> str | None:
    """Return a time given in Unix seconds, in UTC and to the millisecond."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(min(seconds, _LATEST), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
