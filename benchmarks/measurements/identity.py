"""How long a client waits for an uncompressed scrape, beside nginx with the same bytes."""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.client import OPENMETRICS, Address
from benchmarks.figures import Row, Unit, alternate, at_most
from benchmarks.nginx import nginx
from benchmarks.processes import child
from benchmarks.writing import count

_FILE = "/file/metrics"
_ROUNDS_PER_REPETITION = 4


def measure(bench: Bench) -> Iterator[Row]:
    accounts = bench.scale.accounts
    few = max(accounts // 100, 1)
    with nginx(bench) as files, child("own_server", accounts) as server:
        address = Address(server.ask("port"))
        body = address.get("/metrics", {"Accept": OPENMETRICS})[1]
        (files.files / "metrics").write_bytes(body)

        def own() -> float:
            server.ask("poll", few)
            return address.scrape("identity").seconds

        ours, yardstick = alternate(
            bench.scale.repetitions * _ROUNDS_PER_REPETITION,
            own,
            lambda: files.plain.fetch(_FILE, {}).seconds,
        )
    yield Row(
        "scrape-identity",
        f"wall time of a scrape without compression, {count(accounts)} accounts, 1 % changed since"
        f" the last, {len(body) / 1e6:.1f} MB",
        Unit.SECONDS,
        ours,
        yardstick,
        "nginx serving the same bytes as a file",
        at_most(3),
    )
