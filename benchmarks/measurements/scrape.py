"""What a gzip scrape costs the server, beside prometheus_client's own server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.client import Address
from benchmarks.figures import Figures, Row, Unit, at_most
from benchmarks.processes import Child, child
from benchmarks.writing import count

_LIBRARY = "prometheus_client's server"


@dataclass(frozen=True, slots=True)
class _Scrape:
    """The CPU seconds of a scrape, and of the rendering that polls have done for it."""

    alone: float
    rendering: float

    @property
    def with_rendering(self) -> float:
        return self.alone + self.rendering


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

    def scrape_after(self, polls: int) -> _Scrape:
        rendering = self.process.ask("poll", polls)
        return _Scrape(self.scrape_cpu(), rendering)


@dataclass(frozen=True, slots=True)
class _Round:
    """CPU seconds of each server in turn; `generated` is generate_latest alone."""

    little_changed: _Scrape
    all_changed: _Scrape
    of_stock_server: float
    generated: float


def measure(bench: Bench) -> Iterator[Row]:
    accounts = bench.scale.accounts
    with child("own_server", accounts) as own, child("library_server", accounts) as library:
        ours, theirs = Served(own), Served(library)
        series = library.ask("series")
        ours.require_series(series)
        ours.scrape_cpu()
        rounds = [
            _Round(
                ours.scrape_after(max(accounts // 100, 1)),
                ours.scrape_after(accounts),
                theirs.scrape_cpu(),
                float(library.ask("render")),
            )
            for _ in range(bench.scale.long_repetitions)
        ]
    yield from _rows(rounds, f"{count(accounts)} accounts, {count(series)} series")


def _rows(rounds: Sequence[_Round], of: str) -> Iterator[Row]:
    little = [one.little_changed for one in rounds]
    everything = [one.all_changed for one in rounds]
    library = _figures(one.of_stock_server for one in rounds)
    yield from _beside(
        "scrape-little-changed",
        f"CPU of a gzip scrape, {of}, 1 % of the accounts changed since the last",
        little,
        library,
        1 / 100,
    )
    yield from _beside(
        "scrape-all-changed",
        f"CPU of the first gzip scrape after every account changed, {of}",
        everything,
        library,
        1 / 10,
    )
    yield Row(
        "generate-latest",
        "CPU of a gzip scrape, 1 % changed, beside making text alone: no gzip, no HTTP",
        Unit.SECONDS,
        _figures(one.alone for one in little),
        _figures(one.generated for one in rounds),
        "prometheus_client's generate_latest on the same families",
    )


def _beside(
    name: str, what: str, scrapes: Sequence[_Scrape], library: Figures, bound: float
) -> Iterator[Row]:
    """Yield a row on the scrape alone, and one with the rendering that polls did for it."""
    alone = _figures(one.alone for one in scrapes)
    both = _figures(one.with_rendering for one in scrapes)
    for suffix, addition, ours in (
        ("", ": the scrape alone, as polls have rendered what changed", alone),
        ("-and-rendering", ": the scrape and the rendering by the polls together", both),
    ):
        yield Row(
            f"{name}{suffix}",
            f"{what}{addition}",
            Unit.SECONDS,
            ours,
            library,
            _LIBRARY,
            at_most(bound),
        )


def _figures(values: Iterable[float]) -> Figures:
    return Figures(tuple(values))
