"""The command line: `python -m benchmarks`."""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

from benchmarks import comparison, scaling, table
from benchmarks.measurements import APART, MEASUREMENTS
from benchmarks.page import PAGE, RESULTS, page
from benchmarks.result import Result, ResultError
from benchmarks.run import run as measure

_FILE = click.Path(dir_okay=False, path_type=Path)
_NAMES = [measurement.name for measurement in (*MEASUREMENTS, *APART)]


@click.group()
def main() -> None:
    """Measure the exporter against yardsticks that run in the same go."""


@main.command()
@click.option("--quick", is_flag=True, help="Less of everything: to see that it works.")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Measure this; repeatable.")
@click.option("--store-url", default="", help="The database that shards share, if any.")
@click.option("--output", type=_FILE, help="The JSON file to write.")
def run(*, quick: bool, only: tuple[str, ...], store_url: str, output: Path | None) -> None:
    """Measure, and print a table; the shards only if --only names them."""
    chosen = [one for one in (*MEASUREMENTS, *APART) if one.name in only] or MEASUREMENTS
    result = measure(chosen, quick=quick, store_url=store_url)
    if output is not None:
        result.write(output)
    click.echo(table.plain(list(table.lines_of(result))))
    if quick:
        click.echo("quick: the targets are those of a full run, fewer accounts miss some of them")
    for line in result.left_out_lines():
        click.echo(line)
    if result.failed:
        raise click.ClickException(f"failed: {', '.join(result.failed)}")


@main.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
def compare(before: Path, after: Path) -> None:
    """Compare two files that `run --output` wrote."""
    one, other = _read(before), _read(after)
    for caution in comparison.cautions(one, other):
        click.echo(f"not alike: {caution}", err=True)
    click.echo(table.plain(list(comparison.lines_of(one, other))))


@main.command("page")
@click.argument("file", type=_FILE, default=RESULTS)
@click.option("--output", type=_FILE, default=PAGE, show_default=True, help="The page.")
@click.option("--check", is_flag=True, help="Exit 1 if the page differs; write nothing.")
def write_page(file: Path, output: Path, *, check: bool) -> None:
    """Write the page on performance from a file that `run --output` wrote."""
    text = page(_read(file))
    if not check:
        output.write_text(text, "utf-8")
    elif not output.is_file() or output.read_text("utf-8") != text:
        raise click.ClickException(f"{output} differs from {file}: run python -m benchmarks page")


@main.command("scaling")
@click.argument("file", type=_FILE, default=scaling.RESULTS)
@click.option("--output", type=_FILE, default=scaling.PAGE, show_default=True, help="The page.")
@click.option("--check", is_flag=True, help="Exit 1 if the page differs; write nothing.")
def write_scaling(file: Path, output: Path, *, check: bool) -> None:
    """Write what shards cost into the page on scaling, from a file that `run --output` wrote."""
    old = output.read_text("utf-8")
    try:
        text = scaling.with_table(old, _read(file))
    except scaling.UnmarkedPageError as error:
        raise click.ClickException(f"{output}: {error}") from None
    if not check:
        output.write_text(text, "utf-8")
    elif old != text:
        raise click.ClickException(
            f"{output} differs from {file}: run python -m benchmarks scaling"
        )


def _read(file: Path) -> Result:
    try:
        return Result.read(file)
    except ResultError as error:
        raise click.ClickException(str(error)) from None


def _exit(_number: int, _frame: FrameType | None) -> None:
    """Leave as after an error, which ends every process that was started."""
    sys.exit("ended by SIGTERM")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    main(prog_name="python -m benchmarks")
