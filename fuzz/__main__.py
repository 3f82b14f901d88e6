"""The command line: `python -m fuzz`."""

from importlib.util import find_spec
from pathlib import Path

import click

from fuzz.campaign import CAMPAIGNS, FuzzerError, fuzzed

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--seconds", default=60, show_default=True, help="How long each target is fuzzed.")
@click.option(
    "--into", default="build/fuzz", type=_FOLDER, show_default=True, help="Where findings go."
)
@click.argument("targets", type=click.Choice([*CAMPAIGNS]), nargs=-1)
def main(*, seconds: int, into: Path, targets: tuple[str, ...]) -> None:
    """Exit 1 if an input breaks one of the TARGETS, or of all; what it is gets minimised."""
    if find_spec("atheris") is None:
        raise click.ClickException(
            "atheris is not there: it can be had for Python 3.11 to 3.14 on Linux, x86-64"
        )
    broken = [name for name in targets or CAMPAIGNS if not _fuzz(name, seconds, into / name)]
    if broken:
        raise click.ClickException(f"broken: {', '.join(broken)}")


def _fuzz(name: str, seconds: int, into: Path) -> bool:
    try:
        outcome = fuzzed(CAMPAIGNS[name], seconds, into)
    except FuzzerError as error:
        raise click.ClickException(f"the fuzzer did not run:\n{error}") from None
    click.echo(f"{name}: {outcome.runs} inputs in {seconds} s, {len(outcome.findings)} finding(s)")
    for finding in outcome.findings:
        click.echo(f"{finding.why}\nin {finding.file}: {finding.shown}", err=True)
    return not outcome.findings


if __name__ == "__main__":
    main()
