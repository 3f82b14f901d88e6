"""Exporters of no account that are served over TLS, by certificates that expire soon."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.exporter_process import ExporterProcess, serving
from tests.web_workspace import WebWorkspace
from tests.workspace import Workspace

LEFT: Mapping[str, timedelta] = {
    "certificate-ends-in-days": timedelta(days=5),
    "certificate-ends-today": timedelta(hours=20),
}
"""What is scraped as one job: how long its certificate is still valid."""


@contextmanager
def expiring_listeners(folder: Path) -> Iterator[Mapping[str, list[str]]]:
    """Run the exporters; give what a Prometheus is to scrape by jobs."""
    with ExitStack() as exporters:
        running = {
            job: exporters.enter_context(serving(*_arguments(folder / job, left)))
            for job, left in LEFT.items()
        }
        yield {job: [_url(exporter)] for job, exporter in running.items()}


def _arguments(folder: Path, left: timedelta) -> tuple[Path, str]:
    folder.mkdir()
    web = WebWorkspace(folder)
    web.put_certificate(datetime.now(UTC) + left)
    return Workspace(folder).configure(), f"--web.config.file={web.write()}"


def _url(exporter: ExporterProcess) -> str:
    return exporter.url.replace("http://", "https://")
