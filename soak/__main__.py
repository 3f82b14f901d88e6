"""The command line: `python -m soak run`."""

import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import click

from benchmarks.machine import conditions
from soak.judge import judge
from soak.report import table, write
from soak.run import soak
from soak.scale import Scale


@click.group()
def main() -> None:
    """Run the exporter for long, with trouble coming and going, and judge it from outside."""


@main.command()
@click.option("--accounts", type=click.IntRange(100), default=10_000, show_default=True)
@click.option("--minutes", type=click.FloatRange(0.5), default=10.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Another order of troubles.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="The JSON file to write."
)
def run(*, accounts: int, minutes: float, seed: int, output: Path | None) -> None:
    """Print a table; exit 1 if a bound is broken."""
    scale = Scale(accounts, minutes * 60, seed)
    before = conditions()
    with TemporaryDirectory(prefix="soak-") as folder:
        try:
            record = soak(scale, Path(folder), lambda text: click.echo(f"# {text}", err=True))
        except RuntimeError as error:
            raise click.ClickException(str(error)) from None
    rows = judge(record)
    click.echo(table(rows))
    if output is not None:
        write(output, scale, rows, record, before)
    if broken := [row.name for row in rows if row.met is False]:
        raise click.ClickException(f"broken: {', '.join(broken)}")


def _exit(_number: int, _frame: FrameType | None) -> None:
    """Leave as after an error, which ends every process that was started."""
    sys.exit("ended by SIGTERM")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    main(prog_name="python -m soak")
