"""Secrets: values that cannot be printed, where they come from, and a last net under the logs."""

import json
import os
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol
from urllib.parse import quote

MASK = "<secret>"

# Secrets are looked up by their first characters, which keeps a line cheap with any number of them.
_OPENING = 8


class SecretUnreadableError(Exception):
    """A secret could not be had; the message names the place and the remedy, never the content."""


class Secret:
    """A string that shows itself to nobody who does not ask for it by `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class SecretSource(Protocol):
    """Where a secret is kept."""

    def read(self) -> Secret:
        """Return the secret as it is now; raises SecretUnreadableError."""
        ...

    def signature(self) -> object:
        """Return a value that differs once the secret may have changed."""
        ...


@dataclass(frozen=True, slots=True)
class InlineSecret:
    secret: Secret

    def read(self) -> Secret:
        return self.secret

    def signature(self) -> object:
        return None


@dataclass(frozen=True, slots=True)
class EnvironmentSecret:
    variable: str

    def read(self) -> Secret:
        value = os.environ.get(self.variable)
        if value is None:
            raise SecretUnreadableError(f"environment variable {self.variable} is not set")
        return parse_secret(value, f"environment variable {self.variable}")

    def signature(self) -> object:
        return None


# One for each token file is kept, and bytes take a third of what a tuple of numbers does.
_SIGNATURE = struct.Struct("5Q")
_64_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class FileSecret:
    path: Path

    def read(self) -> Secret:
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise SecretUnreadableError(f"{self.path}: {error.strerror}") from None
        try:
            value = content.decode("ascii")
        except UnicodeDecodeError:
            raise SecretUnreadableError(f"{self.path}: holds bytes that are not ASCII") from None
        return parse_secret(value, str(self.path))

    def signature(self) -> object:
        """Return what the file system says of the file: cheap, and new after a symlink swap."""
        try:
            status = self.path.stat()
        except OSError as error:
            return error.errno
        times = status.st_mtime_ns, status.st_ctime_ns
        numbers = (status.st_dev, status.st_ino, status.st_size, *times)
        return _SIGNATURE.pack(*(number & _64_BITS for number in numbers))


_PRINTABLE = re.compile(r"[!-~]+")


def parse_secret(value: str, place: str) -> Secret:
    """Return the secret without its line end; raises SecretUnreadableError naming the place."""
    stripped = value.rstrip("\r\n")
    if not stripped:
        raise SecretUnreadableError(f"{place}: is empty")
    if not _PRINTABLE.fullmatch(stripped):
        raise SecretUnreadableError(
            f"{place}: holds a blank, a control or a non-ASCII character; "
            "it must be the token alone, on one line"
        )
    return Secret(stripped)


class Redactor:
    """Replaces every secret it was told of, and whatever follows a telling parameter name.

    A secret stays known when another has taken its place: a call under way, or Meta, may still
    name it. One of fewer than 8 characters is found after a telling name alone, since elsewhere
    it would be found in every other word.
    """

    _PARAMETER = re.compile(
        r"(?i)(access_token|input_token|client_secret|fb_exchange_token|appsecret_proof|"
        r"refresh_token)(=|%3D|\\?[\"']\s*:\s*\\?[\"'])[^&\s\"'\\]+"
    )
    _BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"'\\]+")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: set[str] = set()
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}

    def add(self, secret: Secret) -> None:
        value = secret.reveal()
        with self._lock:
            for spelling in (value, quote(value, safe=""), json.dumps(value)[1:-1]):
                if len(spelling) >= _OPENING:
                    self._learn(spelling)

    def redact(self, text: str) -> str:
        text = self._mask_known(text)
        text = self._PARAMETER.sub(rf"\1\2{MASK}", text)
        return self._BEARER.sub(rf"\1 {MASK}", text)

    def _learn(self, spelling: str) -> None:
        opening = spelling[:_OPENING]
        known = {len(spelling), *self._lengths.get(opening, ())}
        lengths = tuple(sorted(known, reverse=True))
        self._spellings.add(spelling)
        self._lengths[opening] = self._shared.setdefault(lengths, lengths)

    def _mask_known(self, text: str) -> str:
        kept: list[str] = []
        masked_to = 0
        for start, end in self._found(text):
            if start >= masked_to:
                kept += (text[masked_to:start], MASK)
            masked_to = max(masked_to, end)
        return "".join((*kept, text[masked_to:]))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the longest secret that begins at each place begins and ends."""
        for start in range(len(text) - _OPENING + 1):
            for length in self._lengths.get(text[start : start + _OPENING], ()):
                if text[start : start + length] in self._spellings:
                    yield start, start + length
                    break


class WatchedSecret:
    """A secret that is read again when its source has changed; a bad new one keeps the old."""

    __slots__ = ("_current", "_signature", "_source")

    def __init__(self, source: SecretSource) -> None:
        self._source = source
        self._signature: object = source.signature()
        self._current = source.read()

    @property
    def current(self) -> Secret:
        return self._current

    def refresh(self) -> bool:
        """Return whether the secret is another one now.

        Raises SecretUnreadableError, each time until it can be read: what keeps it from being read
        may change without any change of the file.
        """
        signature = self._source.signature()
        if signature == self._signature:
            return False
        previous, self._current = self._current, self._source.read()
        self._signature = signature
        return self._current != previous
