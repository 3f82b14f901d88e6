"""Mutations that leave JSON to be JSON: of bytes that are changed at random little still is."""

import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random

VALUES: tuple[object, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, -0.0, "", [], {}, [[]], {"": None}),
    *(2**31, 2**53, 2**53 + 1, 2**63, 10**10, 10**400, 1e308, 5e-324),
    *("0", "-1", "\ud800", "\0", "\U0001f600", "a" * 5000, "true"),
)
"""What stands at the borders of types."""

_AS_BYTES = 0.3
"""How often the bytes are to be changed all the same."""


def mutated(data: bytes, most: int, seed: int) -> bytes | None:
    """Return the document with a value or more changed, None where the bytes are to be."""
    chance = Random(seed)  # noqa: S311 -- that it can be guessed is what it is for
    if chance.random() < _AS_BYTES:
        return None
    with suppress(ValueError, RecursionError):
        document = json.loads(data)
        known = [*VALUES, *_inside(document)]
        for _ in range(chance.randint(1, 3)):
            document = _changed(document, known, chance)
        text = json.dumps(document).encode()
        return text if len(text) <= most else None
    return None


def _inside(value: object) -> Iterator[object]:
    """Yield the value and all that it holds, keys among them."""
    yield value
    if isinstance(value, dict):
        yield from value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _inside(item)


def _changed(value: object, known: list[object], chance: Random) -> object:
    """Return the value with one of what it holds replaced, removed or put beside."""
    if not isinstance(value, dict | list) or not value or chance.random() < 1 / 8:
        return chance.choice(known)
    items: list[tuple[object, object]]
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    index = chance.randrange(len(items))
    key, item = items[index]
    match chance.randrange(8):
        case 0:
            del items[index]
        case 1:
            items.insert(index, (chance.choice(known), item))
        case _:
            items[index] = key, _changed(item, known, chance)
    if isinstance(value, dict):
        return {str(key): item for key, item in items}
    return [item for _, item in items]
