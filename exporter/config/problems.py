"""Mistakes in the configuration, each with its place."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Location: TypeAlias = tuple[str | int, ...]

_ORDINARY_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake; `path` is empty where the whole file is meant, `line` None where none is."""

    file: Path
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return printable(": ".join(part for part in (place, self.path, self.message) if part))


class ConfigError(Exception):
    """The configuration is wrong; `problems` are all of its mistakes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def format_location(location: Location) -> str:
    """Return `accounts[3].name`; a key that looks like no key is not shown: it may be a token."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part if _ORDINARY_KEY.fullmatch(part) else '<key>'}"
    return text.removeprefix(".")


def printable(text: str) -> str:
    """Return the text on one line, with escapes for what a terminal or a log cannot take."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
