"""What a gzip scrape costs the server, beside prometheus_client's own server."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.client import Address
from benchmarks.figures import Row, Unit, alternate, at_most
from benchmarks.processes import Child, child

_LIBRARY = "prometheus_client's start_http_server, the same series in a collector that keeps them"


@dataclass(frozen=True, slots=True)
class Served:
    """A server of `benchmarks.children` that is scraped."""

    process: Child

    @property
    def address(self) -> Address:
        return Address(self.process.ask("port"))

    def require_series(self, number: int) -> None:
        """Raise RuntimeError unless the server shows so many series of accounts."""
        shown = self.address.get("/metrics")[1].count(b'{account="')
        if shown != number:
            raise RuntimeError(f"the servers differ: {shown} series of accounts, not {number}")

    def scrape_cpu(self) -> float:
        """Return the CPU seconds that the server spends on a gzip scrape."""
        address = self.address
        return self.process.cpu_during(lambda: address.scrape("gzip"))

    def cpu_after(self, command: str, polls: int) -> float:
        """Return what a scrape costs after so many polls."""
        self.process.ask(command, polls)
        return self.scrape_cpu()


def measure(bench: Bench) -> Iterator[Row]:
    accounts = bench.scale.accounts
    few = max(accounts // 100, 1)
    with child("own_server", accounts) as own, child("library_server", accounts) as library:
        ours, theirs = Served(own), Served(library)
        series = library.ask("series")
        ours.require_series(series)
        ours.scrape_cpu()
        little, kept, everything, all_kept, yardstick, text = alternate(
            bench.scale.long_repetitions,
            lambda: ours.cpu_after("note polls", few),
            lambda: ours.cpu_after("poll", few),
            lambda: ours.cpu_after("note polls", accounts),
            lambda: ours.cpu_after("poll", accounts),
            theirs.scrape_cpu,
            lambda: float(library.ask("render")),
        )
    seconds, of = Unit.SECONDS, f"{accounts} accounts, {series} series"
    yield Row(
        "scrape-little-changed",
        f"CPU of a gzip scrape, {of}, 1 % of the accounts changed since the last and rendered"
        " by the scrape",
        seconds,
        little,
        yardstick,
        _LIBRARY,
        at_most(1 / 100),
    )
    yield Row(
        "scrape-rendered-by-polls",
        "CPU of a gzip scrape, 1 % changed, their lines rendered as the polls ended: the exporter's"
        " own way",
        seconds,
        kept,
        yardstick,
        _LIBRARY,
        at_most(1 / 100),
    )
    yield Row(
        "scrape-all-changed",
        "CPU of the first gzip scrape after every account changed, all rendered by the scrape",
        seconds,
        everything,
        yardstick,
        _LIBRARY,
        at_most(1 / 10),
    )
    yield Row(
        "scrape-all-rendered-by-polls",
        "CPU of the first gzip scrape after every account changed, their lines rendered as the"
        " polls ended",
        seconds,
        all_kept,
        yardstick,
        _LIBRARY,
        at_most(1 / 10),
    )
    yield Row(
        "generate-latest",
        "CPU of a gzip scrape, 1 % changed, beside rendering text alone: no gzip, no HTTP",
        seconds,
        little,
        text,
        "prometheus_client's generate_latest on the same families",
    )
