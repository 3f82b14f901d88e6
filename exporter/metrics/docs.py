from pathlib import Path

import click

from exporter.metrics.page import page

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


@click.command()
@click.option("--check", is_flag=True, help="Exit 1 if the page differs; write nothing.")
@click.option("--output", type=click.Path(path_type=Path), default=PAGE, help="The page.")
def main(*, check: bool, output: Path) -> None:
    """Write docs/metrics.md."""
    text = page()
    if not check:
        output.write_text(text, encoding="utf-8")
    elif not output.is_file() or output.read_text(encoding="utf-8") != text:
        raise click.ClickException(
            f"{output} differs from the metrics: run python -m exporter.metrics.docs"
        )


if __name__ == "__main__":
    main()
