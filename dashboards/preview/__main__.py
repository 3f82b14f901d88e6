"""The command line: `python -m dashboards.preview`."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import click

from dashboards.preview.faults import faults
from dashboards.preview.pictures import take
from dashboards.preview.processes import ServerError
from dashboards.preview.renderer import RendererError
from dashboards.preview.states import State
from dashboards.preview.tools import ROOT, MissingToolsError, find_tools


@click.command()
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in State]),
    default=[State.DEMO.value],
    show_default=True,
    multiple=True,
    help="What the dashboards show; repeatable.",
)
@click.option(
    "--history",
    type=click.FloatRange(min=5),
    default=180.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to watch before drawing.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the pictures go; for the demo docs/images, else build/dashboards/STATE.",
)
def main(states: tuple[str, ...], history: float, output: Path | None) -> None:
    """Draw the dashboards with Grafana's libraries, as an exporter of a simulated API fills them.

    Exits 1 if a panel has an error, or no data although it should.
    """
    # Ends the servers, too.
    signal.signal(signal.SIGTERM, _exit)
    directories = _directories([State(state) for state in states], output)
    try:
        pictures = take(find_tools(), directories, history)
    except (MissingToolsError, RendererError, ServerError) as error:
        raise click.ClickException(str(error)) from None
    for picture in pictures:
        click.echo(picture.file(directories[picture.state]))
    found = [fault for picture, drawn in pictures.items() for fault in faults(picture, drawn)]
    if found:
        raise click.ClickException("\n".join(["the dashboards have faults", *found]))


def _directories(states: list[State], output: Path | None) -> Mapping[State, Path]:
    directories = {state: ROOT / "build/dashboards" / state for state in states}
    directories |= {State.DEMO: ROOT / "docs/images"} if State.DEMO in states else {}
    if output is not None:
        several = len(states) > 1
        directories = {state: output / state if several else output for state in states}
    return directories


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
