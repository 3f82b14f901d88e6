"""Finding a secret wherever it got to, however it is spelt there."""

import html
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus


def spellings(secret: str) -> frozenset[str]:
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    escaped = {html.escape(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = {spelt for offset in range(3) for spelt in _base64(secret.encode(), offset)}
    return frozenset(plain | escaped | encoded)


def _base64(secret: bytes, offset: int) -> Iterator[str]:
    """Yield what is sure to stand in the base64 of any text that has the secret at the offset."""
    text = b64encode(b"\0" * offset + secret).decode()
    sure = text[(offset * 8 + 5) // 6 : (offset + len(secret)) * 8 // 6]
    yield from (sure, sure.replace("+", "-").replace("/", "_"))


def leaks(secrets: Iterable[str], said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return which spelling of a secret was said where."""
    return [
        (place, spelling)
        for secret in secrets
        for spelling in spellings(secret)
        for place, text in said.items()
        if spelling in text
    ]
