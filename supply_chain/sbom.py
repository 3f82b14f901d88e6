"""The command line: `python -m supply_chain.sbom FILE`, exit 1 unless it is valid CycloneDX."""

from pathlib import Path

import click
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def error_of(document: str) -> str | None:
    """Return what is wrong with a CycloneDX 1.5 document, None where nothing is."""
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(document)
    return None if error is None else str(error.data.message)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(file: Path) -> None:
    """Exit 1 unless FILE is valid CycloneDX 1.5."""
    try:
        error = error_of(file.read_text("utf-8"))
    except ValueError as invalid:
        error = str(invalid)
    if error is not None:
        raise click.ClickException(f"{file}: {error}")


if __name__ == "__main__":
    main(prog_name="python -m supply_chain.sbom")
