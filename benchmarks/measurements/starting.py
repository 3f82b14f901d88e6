"""How long it takes until the command line has answered, or the exporter serves."""

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.exporter import Workload, serving
from benchmarks.figures import Judged, Row, Target, Unit, alternate
from benchmarks.nginx import authority
from benchmarks.processes import ROOT, clean_environment
from benchmarks.writing import count

_NOWHERE = "https://127.0.0.1:9/v1.0"
_MOST_SECONDS = 2.0


def measure(bench: Bench) -> Iterator[Row]:
    accounts = bench.scale.accounts
    workload = Workload(accounts, _NOWHERE, authority(bench) / "ca.pem")
    config_file = workload.write(bench.subfolder("starting"))
    version, nothing, check, start = alternate(
        bench.scale.repetitions,
        partial(_seconds, "-m", "exporter", "--version"),
        partial(_seconds, "-c", "pass"),
        partial(_seconds, "-m", "exporter", "--config.check", f"--config.file={config_file}"),
        partial(_until_healthy, config_file),
    )
    yield Row("version", "--version", Unit.SECONDS, version, nothing, "python -c pass")
    yield Row(
        "config-check",
        f"--config.check of {count(accounts)} accounts in account_files",
        Unit.SECONDS,
        check,
        target=Target(Judged.VALUE, _MOST_SECONDS),
    )
    yield Row(
        "start", f"from the start to healthy with {count(accounts)} accounts", Unit.SECONDS, start
    )


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started


def _until_healthy(config_file: Path) -> float:
    started = time.perf_counter()
    with serving(config_file) as process:
        process.address.get("/-/healthy")
        return time.perf_counter() - started
