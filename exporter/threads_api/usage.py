"""The headers by which Meta tells how much of a rate limit is used, and how long to wait."""

import email.utils
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from types import MappingProxyType

from exporter.domain import UsageResource
from exporter.threads_api.entry import RateLimitScope

Ratios = Mapping[UsageResource, float]

_LONGEST_WAIT = 24 * 3600.0
_SHORTEST_WAIT = 1.0
_USAGE_HEADERS = {
    "X-App-Usage": RateLimitScope.APP,
    "X-Business-Use-Case-Usage": RateLimitScope.ACCOUNT,
}
_REGAIN_MINUTES = "estimated_time_to_regain_access"
_NUMBERS = (*UsageResource, _REGAIN_MINUTES)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer's headers tell of the rate limits.

    `used` are the used shares by whose limit it is, `wait` the seconds to wait that Meta names,
    from 1 s to 24 h, `unreadable` how many of the headers are not as documented.
    """

    used: Mapping[RateLimitScope, Ratios] = field(default_factory=lambda: MappingProxyType({}))
    wait: float | None = None
    unreadable: int = 0

    @property
    def ratios(self) -> Ratios:
        """Return the used share of each resource, the highest where headers differ."""
        highest: dict[UsageResource, float] = {}
        for ratios in self.used.values():
            for resource, ratio in ratios.items():
                highest[resource] = max(highest.get(resource, 0.0), ratio)
        return highest


NO_LIMITS = Limits()


def read_limits(headers: Mapping[str, str], now: float) -> Limits:
    """Return what can be read of the headers; `now` is Unix time.

    Meta sends percentages, and none while little is used. `Retry-After` is RFC 9110's;
    `estimated_time_to_regain_access` is in minutes.
    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    told = [name for name in (*_USAGE_HEADERS, "Retry-After") if name in headers]
    if not told:
        return NO_LIMITS
    used: dict[RateLimitScope, Ratios] = {}
    waits: list[float] = []
    unreadable = 0
    for name in told:
        text = headers[name]
        scope = _USAGE_HEADERS.get(name)
        ratios, seconds, is_odd = _usage(text) if scope else _retry_after(text, now)
        unreadable += is_odd
        waits += seconds
        if scope and ratios:
            used[scope] = ratios
    wait = min(max(*waits, _SHORTEST_WAIT), _LONGEST_WAIT) if waits else None
    return Limits(used, wait, unreadable)


def _usage(text: str) -> tuple[Ratios, list[float], bool]:
    """Return the used shares, the seconds to wait, and whether anything is not as documented."""
    ratios: dict[UsageResource, float] = {}
    waits: list[float] = []
    is_odd = False
    for name, number in _numbers(text):
        if number is None:
            is_odd = True
        elif name != _REGAIN_MINUTES:
            resource = UsageResource(name)
            ratios[resource] = max(ratios.get(resource, 0.0), number / 100)
        elif number:
            waits.append(number * 60)
    return ratios, waits, is_odd


def _retry_after(text: str, now: float) -> tuple[Ratios, list[float], bool]:
    text = text.strip()
    if text.isascii() and text.isdigit():
        return {}, [float(text[:12])], False
    with suppress(ValueError, OverflowError):
        moment = email.utils.parsedate_to_datetime(text)
        utc = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return {}, [utc.timestamp() - now], False
    return {}, [], True


def _numbers(text: str) -> Iterator[tuple[str, float | None]]:
    """Yield the numbers with their names, None for what is not as documented."""
    for item in _items(text):
        if not isinstance(item, dict):
            yield "", None
            continue
        for name in _NUMBERS:
            if name in item:
                yield name, _number(item[name])


def _items(text: str) -> Iterator[object]:
    """Yield the header's JSON object, and the objects of the lists in it."""
    report: object = None
    with suppress(ValueError, RecursionError):
        report = json.loads(text)
    yield report
    if isinstance(report, dict):
        for value in report.values():
            if isinstance(value, list):
                yield from value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    with suppress(OverflowError):
        number = float(value)
        if math.isfinite(number) and number >= 0:
            return number
    return None
