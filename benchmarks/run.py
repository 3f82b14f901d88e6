import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.bench import FULL, QUICK, Bench, Measurement, MissingToolError
from benchmarks.figures import Row
from benchmarks.machine import conditions
from benchmarks.result import Result


@dataclass(slots=True)
class _Found:
    """What has been measured so far."""

    rows: list[Row] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)


def run(measurements: Sequence[Measurement], *, quick: bool, store_url: str = "") -> Result:
    """Measure one after another; what lacks a program is left out, what fails has no rows."""
    before = conditions()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    found = _Found()
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        bench = Bench(QUICK if quick else FULL, Path(folder), _tell, store_url)
        for measurement in measurements:
            _add(found, bench, measurement)
    return Result(started, quick, before, found.rows, found.left_out, found.failed, found.took)


def _add(found: _Found, bench: Bench, measurement: Measurement) -> None:
    name, started = measurement.name, time.monotonic()
    _tell(name)
    try:
        found.rows.extend(list(measurement.measure(bench)))
    except MissingToolError as error:
        found.left_out[name] = str(error)
        _tell(f"{name}: left out: {error}")
        return
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        found.failed[name] = str(error)
        _tell(f"{name}: failed: {error}")
    found.took[name] = round(time.monotonic() - started, 1)
    _tell(f"{name}: {found.took[name]:.0f} s")


def _tell(text: str) -> None:
    click.echo(f"# {text}", err=True)
