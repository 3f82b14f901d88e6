from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an Accept or Accept-Encoding header, in lower case, and how much it is liked."""

    value: str
    version: str
    quality: float


def choices(header: str | None) -> Iterator[Choice]:
    """Yield what a header names, in its order; what has no readable quality counts as refused."""
    for part in (header or "").lower().split(","):
        value, *parameters = (piece.strip() for piece in part.split(";"))
        given = dict(_pairs(parameters))
        if value:
            yield Choice(value, given.get("version", ""), _quality(given.get("q", "1")))


def _pairs(parameters: list[str]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        yield name.strip(), value.strip().strip('"')


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
