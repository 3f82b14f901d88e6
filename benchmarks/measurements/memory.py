"""How much memory an account takes, above what the process takes without."""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.exporter import Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit
from benchmarks.nginx import authority, nginx
from benchmarks.writing import count

_MOST_BYTES = 15_000


def measure(bench: Bench) -> Iterator[Row]:
    ca_file = authority(bench) / "ca.pem"
    accounts = bench.scale.accounts
    with nginx(bench) as api:
        empty = _resident_bytes(bench, Workload(1, api.base_url, ca_file), "one")
        full = _resident_bytes(bench, Workload(accounts, api.base_url, ca_file), "many")
    yield Row(
        "memory-per-account",
        f"memory of an account, polled and scraped: {count(accounts)} in a process, less what a"
        " process with one takes",
        Unit.BYTES,
        Figures(((full - empty) / (accounts - 1),)),
        target=Target(Judged.VALUE, _MOST_BYTES),
    )
    yield Row("memory-empty", "memory of a process with one account", Unit.BYTES, Figures((empty,)))


def _resident_bytes(bench: Bench, workload: Workload, name: str) -> float:
    with exporter(workload, bench.subfolder(f"memory-{name}")) as process:
        process.wait_until_polled()
        process.address.scrape("gzip")
        process.address.scrape("gzip")
        return float(process.resident_bytes)
