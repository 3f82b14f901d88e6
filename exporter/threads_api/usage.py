"""The headers by which Meta tells how much of a rate limit is used, and how long to wait."""

import email.utils
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC

from exporter.domain import UsageResource

_LONGEST_WAIT = 24 * 3600.0
_SHORTEST_WAIT = 1.0
_USAGE_HEADERS = ("X-App-Usage", "X-Business-Use-Case-Usage")


def usage_ratios(headers: Mapping[str, str]) -> Mapping[UsageResource, float]:
    """Return the used share of each limited resource, the highest where headers differ.

    Meta sends percentages, and none while little is used.
    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """
    ratios: dict[UsageResource, float] = {}
    for report in _reports(headers):
        for resource in UsageResource:
            percentage = _number(report.get(resource))
            if percentage is not None:
                ratios[resource] = max(ratios.get(resource, 0.0), percentage / 100)
    return ratios


def named_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait that Meta names, from 1 s to 24 h; `now` is Unix time.

    `Retry-After` is RFC 9110's; `estimated_time_to_regain_access` is in minutes.
    """
    minutes = (_number(item.get("estimated_time_to_regain_access")) for item in _reports(headers))
    waits = [minute * 60 for minute in minutes if minute]
    retry_after = _retry_after(headers.get("Retry-After"), now)
    if retry_after is not None:
        waits.append(retry_after)
    return min(max(*waits, _SHORTEST_WAIT), _LONGEST_WAIT) if waits else None


def _retry_after(value: str | None, now: float) -> float | None:
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    with suppress(ValueError, OverflowError):
        moment = email.utils.parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return None


def _reports(headers: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    for name in _USAGE_HEADERS:
        text = headers.get(name)
        if text is not None:
            with suppress(ValueError, RecursionError):
                yield from _flatten(json.loads(text))


def _flatten(value: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(value, dict):
        return
    yield value
    for items in value.values():
        if isinstance(items, list):
            yield from (item for item in items if isinstance(item, dict))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    with suppress(OverflowError):
        number = float(value)
        if math.isfinite(number) and number >= 0:
            return number
    return None
