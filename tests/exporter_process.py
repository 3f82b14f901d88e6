import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.eventually import eventually
from tests.scrape import Scrape, read_scrape

_ADDRESS = re.compile(r"listening\W.*\baddress\W+?\"?(?P<host>[\w.:\[\]]+):(?P<port>\d+)")


@dataclass(frozen=True)
class ExporterProcess:
    """A running `threads-exporter`, its output in files; `heard` are its answers' lines."""

    process: subprocess.Popen[bytes]
    stdout: Path
    stderr: Path
    heard: set[str] = field(default_factory=set, repr=False)

    @property
    def output(self) -> str:
        return self.stdout.read_text("utf-8") + self.stderr.read_text("utf-8")

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        return f"http://127.0.0.1:{eventually(self._port)}"

    def _port(self) -> str | None:
        assert self.process.poll() is None, self.output
        found = _ADDRESS.search(self.stderr.read_text("utf-8"))
        return found["port"] if found else None

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> requests.Response:
        answer = requests.request(
            method, f"{self.url}{path}", headers=dict(headers or {}), timeout=30
        )
        self.heard.update(answer.text.splitlines(), answer.headers.values())
        return answer

    def scrape(self, path: str = "/metrics") -> Scrape:
        return read_scrape(self.get(path))

    def wait_until_ready(self) -> None:
        eventually(lambda: self.get("/-/ready").status_code, lambda status: status == 200)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, within: float = 90.0) -> int:
        return self.process.wait(timeout=within)


before_the_end: list[Callable[[ExporterProcess], object]] = []
"""What is done with each exporter at the end of its block, where it may still run."""


@contextmanager
def exporter_process(
    *arguments: str,
    output: Path,
    environment: Mapping[str, str] | None = None,
    launcher: Sequence[str] = (),
) -> Iterator[ExporterProcess]:
    """Run the command, with the files for its output in a folder, and end it after the block."""
    output.mkdir(parents=True, exist_ok=True)
    stdout, stderr = output / "stdout", output / "stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            [*launcher, sys.executable, "-m", "exporter", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**clean_environment(), **(environment or {})},
        )
        exporter = ExporterProcess(process, stdout, stderr)
        with process:
            try:
                yield exporter
                for look in before_the_end:
                    look(exporter)
            finally:
                process.terminate()
                _end(process)


def clean_environment() -> dict[str, str]:
    """Return the environment without what would configure an exporter."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("THREADS_EXPORTER")
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


@contextmanager
def serving(
    config_file: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    output: Path | None = None,
    launcher: Sequence[str] = (),
) -> Iterator[ExporterProcess]:
    """Run an exporter on a free port of this host."""
    with exporter_process(
        f"--config.file={config_file}",
        "--web.listen-address=127.0.0.1:0",
        *arguments,
        output=output or config_file.parent / "output",
        environment=environment,
        launcher=launcher,
    ) as exporter:
        yield exporter
