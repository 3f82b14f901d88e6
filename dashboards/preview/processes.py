"""Servers that run while the dashboards are drawn, and end with that."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Found = TypeVar("_Found")

_START_SECONDS = 60
_STOP_SECONDS = 20
_LOG_LINES = 20


class ServerError(Exception):
    """A server did not start."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, all its output in a file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def await_log(self, pattern: str) -> re.Match[str]:
        """Return what a pattern finds in the log, once it does; raises ServerError."""
        return self.await_start(lambda: re.search(pattern, self.log.read_text("utf-8")))

    def await_start(self, find: Callable[[], _Found | None]) -> _Found:
        """Return what is found, once it is; raises ServerError."""
        deadline = time.monotonic() + _START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if (found := find()) is not None:
                return found
            time.sleep(0.1)
        said = "\n".join(self.log.read_text("utf-8").splitlines()[-_LOG_LINES:])
        raise ServerError(f"{self.name} did not start:\n{said}")


@contextmanager
def server(command: list[str], log: Path) -> Iterator[Server]:
    """Run a server; Ctrl-C ends it with the block, not before."""
    name = Path(command[0]).name
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Server(name, process, log)
        finally:
            _stop(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _environment() -> dict[str, str]:
    """Return the environment without what would configure an exporter."""
    settings = os.environ.items()
    return {name: value for name, value in settings if not name.startswith("THREADS_EXPORTER")}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
