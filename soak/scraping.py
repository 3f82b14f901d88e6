"""Scrapes in a process that does nothing else beside: `python -m soak.scraping PORT`."""

import sys
import time

from benchmarks.children.commands import obey
from benchmarks.client import OPENMETRICS
from soak.exporter_run import ask

_HEADERS = {"Accept": OPENMETRICS, "Accept-Encoding": "gzip"}


def scrape(port: int) -> tuple[float, int | None, int]:
    """Scrape as Prometheus does; return the seconds, the status if there was one, and the size."""
    started = time.monotonic()
    try:
        answer = ask(port, "/metrics", headers=_HEADERS)
    except OSError:
        return time.monotonic() - started, None, 0
    return time.monotonic() - started, answer.status, len(answer.body)


def main() -> None:
    port = int(sys.argv[1])
    obey({"scrape": lambda: scrape(port)})


if __name__ == "__main__":
    main()
