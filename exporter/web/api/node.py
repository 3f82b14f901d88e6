"""A JSON body, read strictly: every complaint names the place, none repeats what stands there."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn

from exporter.web.api.codes import ErrorCode, RefusedError


class _KeyTwice:
    """Stands for an object that names a key twice, until its place is known."""


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and its place in the body."""

    value: object
    path: str = "$"

    def members(self, keys: Collection[str]) -> dict[str, "Node"]:
        """Return the members of an object that has exactly these keys."""
        value = self.value
        if isinstance(value, _KeyTwice):
            raise RefusedError(ErrorCode.DUPLICATE_KEY, path=self.path)
        if not isinstance(value, dict):
            self._refuse(ErrorCode.WRONG_TYPE, "Must be an object.")
        if not value.keys() <= {*keys}:
            self._refuse(ErrorCode.UNKNOWN_KEY, f"May have no other keys than {_listed(keys)}.")
        if not value.keys() >= {*keys}:
            self._refuse(ErrorCode.MISSING_KEY, f"Must have the keys {_listed(keys)}.")
        return {key: Node(value[key], f"{self.path}.{key}") for key in keys}

    def items(self, most: int) -> Sequence["Node"]:
        """Return the items of an array that is not empty."""
        if not isinstance(self.value, list):
            self._refuse(ErrorCode.WRONG_TYPE, "Must be an array.")
        if not 1 <= len(self.value) <= most:
            self._refuse(ErrorCode.INVALID_VALUE, f"Must have 1 to {most} items.")
        return [Node(item, f"{self.path}[{index}]") for index, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            self._refuse(ErrorCode.WRONG_TYPE, "Must be a string.")
        return self.value

    def text_or_json(self) -> str:
        """Return a string as it is, and an object as JSON."""
        if isinstance(self.value, str):
            return self.value
        if not isinstance(self.value, dict | _KeyTwice):
            self._refuse(ErrorCode.WRONG_TYPE, "Must be a string or an object.")
        return _as_json(self)

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def refuse_value(self, message: str) -> NoReturn:
        self._refuse(ErrorCode.INVALID_VALUE, message)

    def _refuse(self, code: ErrorCode, message: str) -> NoReturn:
        raise RefusedError(code, message, self.path)


def parse_json(body: bytes) -> Node:
    """Parse a body; raises RefusedError."""
    try:
        text = body.decode()
        return Node(json.loads(text, object_pairs_hook=_object, parse_constant=_no_number))
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: look at line {error.lineno}, column {error.colno}."
        raise RefusedError(ErrorCode.MALFORMED_JSON, message) from None
    except (ValueError, RecursionError):
        # Neither UTF-8 nor a number that JSON knows, a number of thousands of digits, or too deep.
        raise RefusedError(ErrorCode.MALFORMED_JSON) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object] | _KeyTwice:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _KeyTwice()


def _no_number(_name: str) -> NoReturn:
    raise ValueError


def _as_json(node: Node) -> str:
    try:
        return json.dumps(node.value, ensure_ascii=False)
    except TypeError:
        raise RefusedError(ErrorCode.DUPLICATE_KEY, path=node.path) from None
    except RecursionError:
        raise RefusedError(ErrorCode.MALFORMED_JSON) from None


def _listed(keys: Collection[str]) -> str:
    return " and ".join(sorted(keys))
