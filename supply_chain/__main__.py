"""The command line: `python -m supply_chain`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from supply_chain.exemptions import EXEMPTIONS, Exemption, ExemptionError, read_exemptions
from supply_chain.vulnerabilities import OSV, AuditError, check_service, vulnerabilities

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--strict", is_flag=True, help="Exit 1, too, if the service cannot be asked.")
@click.option("--service", default=OSV, show_default=True, help="What answers as OSV does.")
@click.option(
    "--exemptions", type=_FILE, default=EXEMPTIONS, help="What to let pass, and till when."
)
@click.argument("requirements", type=_FILE, nargs=-1, required=True)
def main(*, strict: bool, service: str, exemptions: Path, requirements: tuple[Path, ...]) -> None:
    """Exit 1 if a package of REQUIREMENTS, all pinned, has a known vulnerability."""
    try:
        exempt = _in_force(read_exemptions(exemptions))
    except ExemptionError as error:
        raise click.ClickException(str(error)) from None
    try:
        check_service(service)
    except AuditError as error:
        _not_run(service, error, strict=strict)
        return
    _audit(requirements, service, exempt)


def _in_force(exemptions: Sequence[Exemption]) -> Sequence[Exemption]:
    today = datetime.now(UTC).date()
    over = [
        f"{exemption.id} since {exemption.until}"
        for exemption in exemptions
        if exemption.is_over(today)
    ]
    if over:
        raise ExemptionError(f"over, mend or renew: {', '.join(over)}")
    return exemptions


def _not_run(service: str, error: AuditError, *, strict: bool) -> None:
    message = f"NOT RUN: no audit of the packages, as {service} cannot be asked: {error}"
    if strict:
        raise click.ClickException(message)
    click.echo(message, err=True)


def _audit(requirements: Sequence[Path], service: str, exempt: Sequence[Exemption]) -> None:
    try:
        found = vulnerabilities(requirements, service)
    except AuditError as error:
        raise click.ClickException(f"the packages could not be audited: {error}") from None
    reasons = {exemption.id: exemption.reason for exemption in exempt}
    let_pass = [one for one in found if not reasons.keys().isdisjoint(one.ids)]
    for one in let_pass:
        click.echo(f"let pass: {one}")
    if len(let_pass) < len(found):
        raise click.ClickException(
            "\n  ".join(
                ["known vulnerabilities:", *(str(one) for one in found if one not in let_pass)]
            )
        )
    click.echo("no known vulnerability")


if __name__ == "__main__":
    main(prog_name="python -m supply_chain")
