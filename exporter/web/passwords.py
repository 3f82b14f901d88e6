"""Names and passwords against bcrypt hashes, so that neither time nor load tells anything."""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import bcrypt
from starlette.datastructures import Headers

from exporter.secret import Secret
from exporter.web.workers import Workers

_REMEMBERED = 256
_WAITING = 16
_COST = slice(4, 6)
# Nobody's password; a name that is not known is checked against it, in the time of one that is.
_NOBODY: Final = "$2b${}$f62ieP29zQAMQlyqigCW/esc5mFArKHu8gXTcpV7mqPfZmJAxR3b6"


@dataclass(frozen=True, slots=True)
class Credentials:
    name: str
    password: bytes


def presented_credentials(headers: Headers) -> Credentials | None:
    """Return those of the one Authorization header, None where there is no such thing."""
    values = headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, encoded = values[0].partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(" "), validate=True).partition(b":")
        return Credentials(name.decode(), password) if colon else None
    except ValueError:
        return None


class Passwords:
    """Checks passwords, one at a time and off the event loop, and remembers what came of it."""

    def __init__(self) -> None:
        self._workers = Workers("passwords", threads=1, max_in_flight=_WAITING)
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, bool] = OrderedDict()

    def remembered(self, users: Mapping[str, Secret], given: Credentials) -> bool | None:
        """Tell whether they are right, None where they were not checked yet."""
        entry = self._entry(_hash_for(users, given.name), given)
        if entry in self._known:
            self._known.move_to_end(entry)
        return self._known.get(entry)

    async def check(self, users: Mapping[str, Secret], given: Credentials) -> bool:
        """Tell whether they are right; raises TooBusyError."""
        hashed = _hash_for(users, given.name)
        matches = await self._workers.run(partial(_matches, hashed, given.password))
        is_right = matches and given.name in users
        self._known[self._entry(hashed, given)] = is_right
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return is_right

    def _entry(self, hashed: Secret, given: Credentials) -> bytes:
        """Return what stands for the three, and for no other three, and tells none of them."""
        parts = (given.name.encode(), hashed.reveal().encode(), given.password)
        digests = b"".join(hashlib.sha256(part).digest() for part in parts)
        return hmac.digest(self._key, digests, "sha256")


def _hash_for(users: Mapping[str, Secret], name: str) -> Secret:
    if name in users:
        return users[name]
    return Secret(_NOBODY.format(max(hashed.reveal()[_COST] for hashed in users.values())))


def _matches(hashed: Secret, password: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed.reveal().encode())
    except ValueError:
        return False  # longer than the 72 bytes that bcrypt looks at
