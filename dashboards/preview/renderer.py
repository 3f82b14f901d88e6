"""The renderer, a page of Grafana's libraries: built once, then opened for every drawing."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from dashboards.preview.prometheus import SCRAPE_INTERVAL
from dashboards.preview.tools import ROOT, Tools

_SOURCES = Path(__file__).parent / "renderer"
_BUILT = ROOT / ".tools/preview"
_STAMP = _BUILT / ".sources"
_LOCK = "package-lock.json"


class RendererError(Exception):
    """The renderer could not be built, or did not draw; its text has the output."""


class _PanelReport(TypedDict):
    title: str
    errors: list[str]
    empty: bool


class _Report(TypedDict):
    panels: list[_PanelReport]
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A dashboard to draw into a PNG file: its variables, and since when, as `now-3m`."""

    dashboard: Path
    output: Path
    prometheus: str
    since: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Panel:
    """What became of a panel."""

    title: str
    errors: tuple[str, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """What became of a drawing; `errors` are those of no single panel."""

    panels: tuple[Panel, ...]
    errors: tuple[str, ...]


def build(tools: Tools) -> None:
    """Build the renderer where its sources have changed; raises RendererError."""
    sources = _digest()
    if _STAMP.exists() and _STAMP.read_text("ascii") == sources:
        return
    _STAMP.unlink(missing_ok=True)
    installed = _BUILT / _LOCK
    stale = not installed.exists() or installed.read_bytes() != (_SOURCES / _LOCK).read_bytes()
    shutil.rmtree(_BUILT / "src", ignore_errors=True)
    shutil.copytree(_SOURCES, _BUILT, dirs_exist_ok=True)
    if stale or not (_BUILT / "node_modules").exists():
        _run([tools.npm, "ci"])
    _run([tools.npm, "run", "build"])
    _STAMP.write_text(sources, "ascii")


def draw(tools: Tools, drawings: Sequence[Drawing], width: int) -> list[Drawn]:
    """Draw the dashboards, that many pixels wide; raises RendererError."""
    task = {
        "browser": tools.browser,
        # Chromium's own sandbox cannot be had as root.
        "sandbox": os.geteuid() != 0,
        "width": width,
        "drawings": [_described(drawing) for drawing in drawings],
    }
    return [_drawn(told) for told in json.loads(_run([tools.node, "draw.mjs"], json.dumps(task)))]


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in _SOURCES.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(_SOURCES)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(command: list[str], given: str = "") -> str:
    done = subprocess.run(
        command, cwd=_BUILT, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RendererError(
            f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return done.stdout


def _described(drawing: Drawing) -> dict[str, object]:
    return {
        "dashboard": str(drawing.dashboard),
        "output": str(drawing.output),
        "prometheus": drawing.prometheus,
        "scrapeInterval": SCRAPE_INTERVAL,
        "from": drawing.since,
        "variables": dict(drawing.variables),
    }


def _drawn(told: _Report) -> Drawn:
    panels = (Panel(one["title"], tuple(one["errors"]), one["empty"]) for one in told["panels"])
    return Drawn(tuple(panels), tuple(told["errors"]))
