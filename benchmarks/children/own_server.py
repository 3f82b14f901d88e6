"""The exporter's web server and exposition, on accounts whose changes are commanded."""

import logging
import sys
import time
from collections.abc import Mapping, Sequence

import structlog

from benchmarks.children.commands import obey
from benchmarks.children.polled_accounts import PolledAccounts
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.exposition import Exposition, Expositions
from exporter.metrics.registry import exporter_registry
from exporter.observations.model import AccountObservation
from exporter.web.addresses import ListenAddress
from exporter.web.app import create_app
from exporter.web.backend import UnknownAccountError, WebOptions
from exporter.web.server import WebServer


class _Backend:
    """What the web server shows, of which only `/metrics` is asked for."""

    def __init__(self, accounts: PolledAccounts) -> None:
        sources, instruments = accounts.sources, accounts.instruments
        self._accounts = accounts
        self._lines = AccountLines(sources, instruments)
        self._lines.catch_up()
        self._expositions = Expositions(self._lines, exporter_registry(sources, instruments))

    def poll(self, number: int) -> float:
        """Note polls, each with its account's lines rendered at its end; return that CPU time."""
        return sum(self._rendered_poll() for _ in range(number))

    def _rendered_poll(self) -> float:
        self._accounts.poll(1)
        before = time.thread_time()
        self._lines.refresh()
        return time.thread_time() - before

    def expose(self, accept: str, accept_encoding: str, names: Sequence[str]) -> Exposition:
        return self._expositions.expose(accept, accept_encoding, names)

    def probe(
        self, account: str, _timeout: float | None, _accept: str, _accept_encoding: str
    ) -> Exposition:
        raise UnknownAccountError(account)

    def unhealthy(self) -> Sequence[str]:
        return ()

    def unpolled(self) -> int:
        return 0

    def undiscovered(self) -> Sequence[str]:
        return ()

    def reload(self) -> Sequence[str]:
        return ()

    def configuration(self) -> str:
        return ""

    def accounts(self) -> Mapping[str, AccountObservation]:
        return self._accounts.sources.accounts()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    backend = _Backend(PolledAccounts(int(sys.argv[1])))
    server = WebServer(create_app(backend, WebOptions("1")), [ListenAddress("127.0.0.1", 0)])
    server.start()
    port = int(server.addresses[0].rpartition(":")[2])
    obey({"port": lambda: port, "poll": backend.poll})
    server.stop(1)


if __name__ == "__main__":
    main()
