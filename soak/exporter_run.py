"""The real exporter as a process that is started, hurt, and looked at from outside."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.processes import ROOT, clean_environment

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS = 60.0
_END_SECONDS = 30.0
_ASK_SECONDS = 15.0
_DEFECT = "Traceback (most recent call last)"
_KEPT_LINES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds, as the kernel counts it; `bytes` is memory."""

    bytes: int
    threads: int
    files: int


@dataclass
class Log:
    """What all processes log; of the lines that tell of a defect the first few are kept."""

    last: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    defects: int = 0
    kept: list[str] = field(default_factory=list)

    def follow(self, lines: IO[str]) -> None:
        for line in lines:
            self.last.append(line)
            if _DEFECT in line:
                self.defects += 1
                if len(self.kept) < _KEPT_LINES:
                    self.kept.append(line.strip())


class ExporterRun:
    """The exporter on one port, through restarts; raises RuntimeError where it does not start."""

    def __init__(self, config_file: Path, port: int) -> None:
        self.port = port
        self.log = Log()
        self._command = (
            sys.executable,
            *("-m", "exporter", f"--config.file={config_file}"),
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
        )
        self._process: subprocess.Popen[str]

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=clean_environment(),
            text=True,
            errors="replace",
        )
        if self._process.stderr is None:
            raise RuntimeError("the exporter was started without a pipe")
        following = threading.Thread(target=self.log.follow, args=(self._process.stderr,))
        following.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_healthy():
            if self._process.poll() is not None:
                following.join()
                raise RuntimeError(f"the exporter did not start: {''.join(self.log.last)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the exporter was not healthy in {_START_SECONDS:.0f} s")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """Have it end as at a deployment; return its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def held(self) -> Held:
        """Return what the process holds; raises OSError once it has ended."""
        of = Path(f"/proc/{self.pid}")
        pages = int((of / "statm").read_text("ascii").split()[1])
        counts = (len(list((of / part).iterdir())) for part in ("task", "fd"))
        return Held(pages * _PAGE_BYTES, *counts)

    def is_healthy(self) -> bool:
        try:
            return self.ask("/-/healthy").status == 200
        except OSError:
            return False

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        return ask(self.port, path, method=method, headers=headers, body=body)


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
) -> Answer:
    """Ask on a connection of its own; raises OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ASK_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def every(seconds: float, work: Callable[[], object], until: threading.Event) -> None:
    """Do the work at this rhythm; what takes longer is not caught up with."""
    due = time.monotonic()
    while not until.wait(max(0.0, due - time.monotonic())):
        work()
        due = max(due + seconds, time.monotonic())
