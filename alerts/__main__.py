"""The command line: `python -m alerts`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

import click

from alerts import overrides, paths
from alerts.page import page
from alerts.rendering import Format, rules_file
from alerts.settings import GRAFANA, RUNBOOKS, SELECTOR, Settings
from alerts.thresholds import Thresholds

_Given = TypeVar("_Given")
_Taken = TypeVar("_Taken")

_STANDARD_OUTPUT = Path("-")


class _Wanted(TypedDict):
    """The fields of Settings, as click hands them over."""

    selector: str
    keep_labels: tuple[str, ...]
    thresholds: Thresholds
    hold_scale: float
    runbook_url: str
    grafana_url: str


def _by(
    read: Callable[[_Given], _Taken],
) -> Callable[[click.Context, click.Parameter, _Given], _Taken]:
    def callback(_: click.Context, parameter: click.Parameter, given: _Given) -> _Taken:
        try:
            return read(given)
        except ValueError as error:
            raise click.BadParameter(str(error), param=parameter) from None

    return callback


@click.command()
@click.option("--check", is_flag=True, help="Exit 1 if a file is not up to date; write nothing.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="The rule file to write; all that is committed here unless given.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(Format, case_sensitive=False),
    default=Format.PROMETHEUS,
    show_default=True,
    help="A rule file, or the resource of the Prometheus operator.",
)
@click.option(
    "--selector",
    default=SELECTOR,
    show_default=True,
    callback=_by(overrides.selector),
    help="Picks the exporter's series.",
)
@click.option(
    "--keep-label",
    "keep_labels",
    multiple=True,
    metavar="LABEL",
    callback=_by(overrides.label_names),
    help="Keep a label of the targets, such as cluster, in all alerts; repeatable.",
)
@click.option(
    "--set",
    "thresholds",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_by(overrides.thresholds),
    help="Change a threshold of alerts/thresholds.py; repeatable.",
)
@click.option(
    "--for-scale",
    "hold_scale",
    type=float,
    default=1.0,
    show_default=True,
    callback=_by(overrides.scale),
    help="Multiply every for and keep_firing_for.",
)
@click.option("--runbook-url", default=RUNBOOKS, show_default=True, callback=_by(overrides.address))
@click.option("--grafana-url", default=GRAFANA, show_default=True, callback=_by(overrides.address))
def main(*, check: bool, output: Path | None, form: Format, **wanted: Unpack[_Wanted]) -> None:
    """Write the rules for Prometheus, as Kubernetes takes them too, and their page."""
    settings = Settings(**wanted)
    if output is not None:
        texts: Mapping[Path, str] = {output: rules_file(settings, form)}
    elif settings == Settings() and form is Format.PROMETHEUS:
        texts = _committed()
    else:
        raise click.UsageError("name the --output: what is committed here is without options")
    if check:
        _check(texts)
    else:
        _write(texts)


def _committed() -> Mapping[Path, str]:
    settings = Settings()
    return {
        paths.RULES: rules_file(settings, Format.PROMETHEUS),
        paths.PROMETHEUS_RULE: rules_file(settings, Format.PROMETHEUSRULE),
        paths.PAGE: page(),
    }


def _check(texts: Mapping[Path, str]) -> None:
    outdated = [
        str(path)
        for path, text in texts.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if outdated:
        raise click.ClickException(f"not up to date: {', '.join(outdated)}; run python -m alerts")


def _write(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        if path == _STANDARD_OUTPUT:
            click.echo(text, nl=False)
        else:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m alerts")
