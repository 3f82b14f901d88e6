"""What a result was measured on and with: figures of different machines do not compare."""

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks.bench import MissingToolError, tool
from benchmarks.processes import ROOT

_LIBRARIES = ("apscheduler", "isal", "prometheus-client", "requests", "urllib3", "uvicorn")


def conditions() -> Mapping[str, str]:
    """Return the commit, the machine and the versions, by what each is called."""
    return dict(_conditions())


def _conditions() -> Iterator[tuple[str, str]]:
    yield "commit", _commit()
    yield "processor", f"{os.cpu_count()} of {_first('/proc/cpuinfo', 'model name')}"
    yield "memory", _first("/proc/meminfo", "MemTotal")
    yield "system", f"{_system()}, Linux {platform.release()}"
    yield "python", f"{platform.python_implementation()} {platform.python_version()}"
    for name in _LIBRARIES:
        yield name, version(name)
    yield "nginx", _nginx()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    yield "load before", f"{load} (1, 5 and 15 minutes)"


def _commit() -> str:
    git = ("git", "-C", str(ROOT))
    try:
        commit = _output(*git, "rev-parse", "--short=12", "HEAD")
        changed = _output(*git, "status", "--porcelain", "--", "exporter", "benchmarks")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} with changes" if changed else commit


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _nginx() -> str:
    try:
        program = tool("nginx", "nginx-light")
    except MissingToolError:
        return "none"
    done = subprocess.run([program, "-v"], capture_output=True, check=True, text=True)
    return done.stderr.strip().rpartition("/")[2]


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _first(file: str, name: str) -> str:
    """Return what stands behind a name's first occurrence in a file of /proc."""
    for line in Path(file).read_text("utf-8").splitlines():
        found, _, value = line.partition(":")
        if found.strip() == name:
            return value.strip()
    return "unknown"
