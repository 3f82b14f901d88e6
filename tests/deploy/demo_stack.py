"""The demo with its servers, as `make demo` starts it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from tests.deploy.shipped import ROOT
from tests.eventually import eventually
from tests.exporter_process import clean_environment

ANY_PORT: Final = "127.0.0.1:0"
ON_ANY_PORT: Final[Mapping[str, str]] = {
    "THREADS_EXPORTER_WEB_LISTEN_ADDRESS": ANY_PORT,
    "PROMETHEUS_LISTEN_ADDRESS": ANY_PORT,
    "ALERTMANAGER_LISTEN_ADDRESS": ANY_PORT,
}


@dataclass(frozen=True)
class Process:
    number: int
    name: str
    parent: int
    group: int


@dataclass(frozen=True)
class DemoStack:
    process: subprocess.Popen[bytes]
    output: Path
    temporary: Path

    def url_of(self, name: str) -> str:
        """Return where the demo says that something is, once it says so."""
        line = re.compile(rf"^  {name} +(http://[^/\s]+)/", re.MULTILINE)
        found = eventually(lambda: self._alive() and line.search(self.said))
        assert found
        return found[1]

    def get(self, name: str, path: str) -> Any:  # noqa: ANN401 — any JSON
        answer = requests.get(f"{self.url_of(name)}{path}", timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def firing(self) -> set[str]:
        alerts = self.get("Prometheus", "/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def notified(self) -> set[str]:
        alerts = self.get("Alertmanager", "/api/v2/alerts")
        return {alert["labels"]["alertname"] for alert in alerts}

    @property
    def said(self) -> str:
        return self.output.read_text("utf-8")

    def press_ctrl_c(self) -> None:
        """Signal all processes of the demo, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def children(self) -> dict[str, int]:
        """Return the processes that it started, by the names that the kernel keeps of them."""
        return {
            found.name: found.number for found in processes() if found.parent == self.process.pid
        }

    def leftovers(self) -> list[str]:
        """Return the processes of its group and the files that are still there."""
        group = [found.name for found in processes() if found.group == self.process.pid]
        return [*group, *(file.name for file in self.temporary.iterdir())]

    def _alive(self) -> bool:
        assert self.process.poll() is None, self.said
        return True


def processes() -> Iterator[Process]:
    """Yield what runs on this host, as proc(5) tells of it."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            number, _, rest = file.read_text("utf-8").partition(" (")
            name, _, state = rest.rpartition(") ")
            parent, group = state.split()[1:3]
            yield Process(int(number), name, int(parent), int(group))


@contextmanager
def demo_stack(
    folder: Path,
    *arguments: str,
    root: Path = ROOT,
    environment: Mapping[str, str] = ON_ANY_PORT,
) -> Iterator[DemoStack]:
    """Run scripts/demo in a process group of its own; end what is left of it after the block."""
    temporary, output = folder / "temporary", folder / "output"
    temporary.mkdir()
    command: Sequence[str] = [sys.executable, str(root / "scripts/demo"), *arguments]
    with output.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**clean_environment(), "TMPDIR": str(temporary), **environment},
            start_new_session=True,
        )
    try:
        yield DemoStack(process, output, temporary)
    finally:
        process.terminate()
        process.wait(timeout=60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
