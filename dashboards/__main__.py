from collections.abc import Iterator
from pathlib import Path

import click

from dashboards.account import account
from dashboards.config_maps import config_maps
from dashboards.containers import containers
from dashboards.document import Document
from dashboards.exporter_health import exporter
from dashboards.overview import overview

ROOT = Path(__file__).parents[1]


def documents() -> tuple[Document, ...]:
    return overview(), account(), containers(), exporter()


@click.command()
@click.option("--check", is_flag=True, help="Exit 1 if a file differs; write nothing.")
@click.option("--configmaps", is_flag=True, help="The ConfigMaps for Kubernetes, too.")
@click.option(
    "--root", type=click.Path(path_type=Path), default=ROOT, help="Where the project lies."
)
def main(*, check: bool, configmaps: bool, root: Path) -> None:
    """Write dashboards/*.json."""
    for name, text in _files(configmaps=configmaps):
        path = root / name
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise click.ClickException(
                f"{path} differs from the builders: run python -m dashboards --configmaps"
            )


def _files(*, configmaps: bool) -> Iterator[tuple[str, str]]:
    built = documents()
    for document in built:
        yield f"dashboards/{document.uid}.json", document.json()
    if configmaps:
        yield "deploy/kube-prometheus/dashboards.yaml", config_maps(built)


if __name__ == "__main__":
    main()
