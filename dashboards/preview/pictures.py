"""The pictures of the dashboards, and what may be missing on them."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.preview.prometheus import prometheus, write_rules
from dashboards.preview.renderer import Drawing, Drawn, build, draw
from dashboards.preview.states import State, exporter_in
from dashboards.preview.tools import ROOT, Tools

WIDTH = 1600

_DASHBOARDS = ROOT / "dashboards"
_SHOWN_IN_DEMO = {"threads-account": {"account": "harbor-daily-news"}}


@dataclass(frozen=True, slots=True)
class Picture:
    """A dashboard, by its uid, in a state."""

    state: State
    dashboard: str

    @property
    def variables(self) -> Mapping[str, str]:
        return _SHOWN_IN_DEMO.get(self.dashboard, {}) if self.state is State.DEMO else {}

    def file(self, directory: Path) -> Path:
        return directory / f"dashboard-{self.dashboard.removeprefix('threads-')}.png"


def dashboards() -> tuple[str, ...]:
    """Return the uids of all dashboards."""
    return tuple(sorted(path.stem for path in _DASHBOARDS.glob("threads-*.json")))


def take(tools: Tools, directories: Mapping[State, Path], history: float) -> dict[Picture, Drawn]:
    """Draw all dashboards in the states, into their directories, after that many seconds.

    Raises RendererError or ServerError.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="dashboards-preview-")))
        rules = folder / "rules.yaml"
        write_rules(rules)
        urls = {
            state: stack.enter_context(_watched(tools, state, folder / state, rules))
            for state in directories
        }
        ready = time.monotonic() + history
        build(tools)
        time.sleep(max(0, ready - time.monotonic()))
        return _draw_all(tools, urls, directories, history)


@contextmanager
def _watched(tools: Tools, state: State, folder: Path, rules: Path) -> Iterator[str]:
    """Run an exporter in a state, and a Prometheus that scrapes it; give the latter's URL."""
    folder.mkdir()
    with (
        exporter_in(state, folder) as target,
        prometheus(tools.prometheus, folder, rules, target) as url,
    ):
        yield url


def _draw_all(
    tools: Tools, urls: Mapping[State, str], directories: Mapping[State, Path], history: float
) -> dict[Picture, Drawn]:
    for directory in directories.values():
        directory.mkdir(parents=True, exist_ok=True)
    since = f"now-{max(1, math.ceil(history / 60))}m"
    pictures = [Picture(state, dashboard) for state in urls for dashboard in dashboards()]
    drawings = [
        Drawing(
            dashboard=_DASHBOARDS / f"{picture.dashboard}.json",
            output=picture.file(directories[picture.state]),
            prometheus=urls[picture.state],
            since=since,
            variables=picture.variables,
        )
        for picture in pictures
    ]
    return dict(zip(pictures, draw(tools, drawings, WIDTH), strict=True))
