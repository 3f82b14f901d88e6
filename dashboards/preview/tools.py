"""The programs that draw the dashboards, or what to install where one is missing."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_UNPACKED = ROOT / ".tools/prometheus/usr/bin"
_NODE_NEEDED = (20, 19)


class MissingToolsError(Exception):
    """Programs are missing; its text says which, and how to get each."""

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__("\n".join(missing))


@dataclass(frozen=True, slots=True)
class Tools:
    """The paths of the programs."""

    node: str
    npm: str
    browser: str
    prometheus: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    names: tuple[str, ...]
    remedy: str

    def find(self) -> str:
        """Return the program's path, or nothing."""
        path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{_UNPACKED}"
        found = (shutil.which(name, path=path) for name in self.names)
        return next(filter(None, found), "")


_NODE = _Wanted(("node",), "install Node.js 20.19 or newer: https://nodejs.org/en/download")
_NPM = _Wanted(("npm",), "sudo apt install npm")
_BROWSER = _Wanted(
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "sudo apt install chromium",
)
_PROMETHEUS = _Wanted(("prometheus",), "make servers, or sudo apt install prometheus")


def find_tools() -> Tools:
    """Find every program; raises MissingToolsError."""
    tools = Tools(_NODE.find(), _NPM.find(), _BROWSER.find(), _PROMETHEUS.find())
    missing = tuple(_missing(tools))
    if missing:
        raise MissingToolsError(missing)
    return tools


def _missing(tools: Tools) -> Iterator[str]:
    found = (tools.node, tools.npm, tools.browser, tools.prometheus)
    for wanted, path in zip((_NODE, _NPM, _BROWSER, _PROMETHEUS), found, strict=True):
        if not path:
            yield f"{wanted.names[0]} is missing: {wanted.remedy}"
    if tools.node and _version(tools.node) < _NODE_NEEDED:
        yield f"{tools.node} is too old: {_NODE.remedy}"


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", told))
