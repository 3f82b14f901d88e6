from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.bench import FULL, QUICK, Bench, Measurement, MissingToolError
from benchmarks.figures import Row
from benchmarks.machine import conditions
from benchmarks.result import Result


def run(measurements: Sequence[Measurement], *, quick: bool) -> Result:
    """Measure one after another; what lacks a program is left out, what fails has no rows."""
    before = conditions()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    failed: dict[str, str] = {}
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        bench = Bench(QUICK if quick else FULL, Path(folder), _tell)
        for measurement in measurements:
            try:
                rows.extend(list(_measured(bench, measurement)))
            except MissingToolError as error:
                left_out[measurement.name] = str(error)
                _tell(f"left out: {error}")
            except (RuntimeError, OSError) as error:
                failed[measurement.name] = str(error)
                _tell(f"failed: {error}")
    return Result(started, quick, before, rows, left_out, failed)


def _measured(bench: Bench, measurement: Measurement) -> Iterator[Row]:
    started = datetime.now(UTC)
    _tell(measurement.name)
    yield from measurement.measure(bench)
    _tell(f"{measurement.name}: {(datetime.now(UTC) - started).total_seconds():.0f} s")


def _tell(text: str) -> None:
    click.echo(f"# {text}", err=True)
