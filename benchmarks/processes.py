"""Processes that are measured: started, asked, and ended whatever happens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

_END_SECONDS = 15.0
_SETTLE_SECONDS = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MEDDLING = ("COVERAGE", "MALLOC_", "PYTHON", "THREADS_EXPORTER")
_MEDDLING_ENDS = ("_PROXY", "CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def clean_environment() -> Mapping[str, str]:
    """Return the environment without what would configure a measured process."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_MEDDLING) and not name.upper().endswith(_MEDDLING_ENDS)
    }


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its cost, as the kernel counts it."""

    popen: subprocess.Popen[str]

    @property
    def cpu_seconds(self) -> float:
        """Return the CPU time of all its threads, those that ended too, in nanosecond steps."""
        # clock_getcpuclockid(3), which Python has for threads alone, makes the id like this.
        return time.clock_gettime(~self.popen.pid << 3 | 2)

    @property
    def resident_bytes(self) -> int:
        statm = Path(f"/proc/{self.popen.pid}/statm").read_text("ascii")
        return int(statm.split()[1]) * _PAGE_BYTES

    @property
    def peak_resident_bytes(self) -> int:
        status = Path(f"/proc/{self.popen.pid}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def cpu_during(self, work: Callable[[], object]) -> float:
        before = self.cpu_seconds
        work()
        time.sleep(_SETTLE_SECONDS)  # what the process does once it has answered is its cost too
        return self.cpu_seconds - before


@contextmanager
def running(*command: str | Path, errors: Path | None = None) -> Iterator[Process]:
    """Run a command, with its standard error in a file, and end it after the block."""
    stderr = errors.open("ab") if errors else None
    try:
        popen = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
            env=clean_environment(),
            text=True,
        )
        with popen:
            try:
                yield Process(popen)
            finally:
                _end(popen)
    finally:
        if stderr:
            stderr.close()


def _end(popen: subprocess.Popen[str]) -> None:
    popen.terminate()
    if popen.stdin is not None:
        with suppress(BrokenPipeError):
            popen.stdin.close()
    try:
        popen.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        popen.kill()


@dataclass(frozen=True, slots=True)
class Child(Process):
    """A process of `benchmarks.children`, which takes commands."""

    def ask(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 — whatever JSON it answers
        """Return the child's answer to a command, once it has carried it out."""
        if self.popen.stdin is None or self.popen.stdout is None:
            raise ValueError("the child was started without pipes")
        with suppress(BrokenPipeError):
            self.popen.stdin.write(json.dumps([command, *arguments]) + "\n")
            self.popen.stdin.flush()
        answer = self.popen.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.popen.args!r} ended at the command {command}")
        return json.loads(answer)


@contextmanager
def child(module: str, *arguments: object) -> Iterator[Child]:
    """Run a module of `benchmarks.children`, and end it after the block."""
    command = (sys.executable, "-m", f"benchmarks.children.{module}", *map(str, arguments))
    with running(*command) as process:
        yield Child(process.popen)
