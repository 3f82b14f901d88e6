from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from exporter.clock import Clock, SystemClock
from exporter.config.loading import load_settings
from exporter.scheduling.sharding import Shard
from exporter.secret import Redactor
from exporter.service import Service, UpkeepIntervals
from exporter.web.addresses import ListenAddress
from exporter.web.api.backend import ApiOptions
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.eventually import eventually
from tests.scrape import Scrape, read_scrape

OFTEN = UpkeepIntervals(heartbeat=0.1, token_files=0.1, watched_files=0.1, web_files=0.1, store=0.2)
NEVER = UpkeepIntervals(heartbeat=1e6, token_files=1e6, watched_files=1e6, web_files=1e6)


@dataclass(frozen=True)
class RunningExporter:
    """An exporter in this process, asked over HTTP."""

    service: Service
    url: str

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> requests.Response:
        url = f"{self.url}{path}"
        return requests.request(method, url, headers=dict(headers or {}), timeout=30)

    def scrape(self, path: str = "/metrics", headers: Mapping[str, str] | None = None) -> Scrape:
        return read_scrape(self.get(path, headers))

    def reload(self) -> requests.Response:
        return self.get("/-/reload", method="POST")

    def wait_until_ready(self) -> None:
        eventually(lambda: self.get("/-/ready").status_code, lambda status: status == 200)


def new_service(
    config_file: Path, clock: Clock | None = None, redactor: Redactor | None = None
) -> Service:
    return Service(
        config_file,
        load_settings(config_file),
        clock=clock or SystemClock(),
        redactor=redactor or Redactor(),
        shard=Shard(),
    )


@contextmanager
def running(
    config_file: Path,
    *,
    upkeep: UpkeepIntervals = OFTEN,
    lifecycle_enabled: bool = True,
    redactor: Redactor | None = None,
) -> Iterator[RunningExporter]:
    """Run an exporter that looks for changes often."""
    service = new_service(config_file, redactor=redactor)
    options = WebOptions("1.2.3", lifecycle_enabled=lifecycle_enabled)
    api = create_api(service.api, SystemClock(), ApiOptions("1.2.3"))
    server = WebServer(create_app(service, options, [api]), [ListenAddress("127.0.0.1", 0)])
    server.start()
    service.start(upkeep)
    try:
        yield RunningExporter(service, server.urls[0])
    finally:
        server.stop(5)
        service.stop()
