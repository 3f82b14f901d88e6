"""Reads what users want otherwise; every function raises ValueError, which says what is wrong."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from difflib import get_close_matches
from urllib.parse import urlsplit

import promql_parser

from alerts.thresholds import DEFAULT, Thresholds
from exporter.config.durations import parse_duration

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_BANDS = ("token_expiry", "data_access_expiry", "web_certificate_expiry")


def selector(text: str) -> str:
    """Return label matchers as they stand between braces."""
    stripped = text.strip().rstrip(",")
    try:
        parsed = promql_parser.parse(f"up{{{stripped}}}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, promql_parser.VectorSelector) or not parsed.matchers.matchers:
        raise ValueError(f'{text!r} are no label matchers such as job="threads-exporter"')
    return stripped


def label_names(names: Iterable[str]) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(names))
    for name in distinct:
        if not _LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a label")
        if name == "job":
            raise ValueError("job is kept anyway")
    return distinct


def address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s{}]", text):
        raise ValueError(f"{text!r} is no URL such as https://grafana.example")
    return text.rstrip("/")


def scale(factor: float) -> float:
    if not math.isfinite(factor) or factor < 0:
        raise ValueError(f"{factor} is no number from 0 up")
    return factor


def thresholds(assignments: Iterable[str]) -> Thresholds:
    """Return the thresholds, changed where an assignment NAME=VALUE says so."""
    defaults = asdict(DEFAULT)
    changed = Thresholds(**defaults | dict(_assigned(assignments, defaults)))
    for band in _BANDS:
        critical, warning = f"{band}_critical_seconds", f"{band}_warning_seconds"
        if getattr(changed, critical) >= getattr(changed, warning):
            raise ValueError(f"{critical} must be less than {warning}")
    return changed


def _assigned(
    assignments: Iterable[str], known: Mapping[str, float]
) -> Iterable[tuple[str, float]]:
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        if name not in known:
            near = get_close_matches(name, known, n=1) or known
            raise ValueError(f"there is no threshold {name!r}; there is {', '.join(near)}")
        try:
            yield name, _value(name, text, known[name])
        except ValueError as error:
            raise ValueError(f"{assignment}: {error}") from None


def _value(name: str, text: str, default: float) -> float:
    if name.endswith("_seconds"):
        return _seconds(text)
    if isinstance(default, int):
        return _whole(text)
    return _share(text)


def _seconds(text: str) -> float:
    number = _number(text)
    seconds = parse_duration(text) if number is None else number
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("is no time above 0")
    return seconds


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ValueError("is no whole number above 0")
    return int(text)


def _share(text: str) -> float:
    share = _number(text)
    if share is None or not 0 < share < 1:
        raise ValueError("is no share between 0 and 1")
    return share


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
