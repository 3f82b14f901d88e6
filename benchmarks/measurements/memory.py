"""How much memory an account takes, above what the process takes without."""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.exporter import Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit
from benchmarks.nginx import authority, nginx

_MOST_BYTES = 15_000


def measure(bench: Bench) -> Iterator[Row]:
    ca_file = authority(bench) / "ca.pem"
    accounts = bench.scale.accounts
    with nginx(bench) as api:
        empty = _resident_bytes(bench, Workload(1, api.base_url, ca_file), "one")
        full = _resident_bytes(bench, Workload(accounts, api.base_url, ca_file), "many")
    yield Row(
        "memory-per-account",
        f"memory of an account, polled and scraped with gzip: what a process with {accounts}"
        f" takes ({full / 1e6:.0f} MB) above one with 1 ({empty / 1e6:.0f} MB)",
        Unit.BYTES,
        Figures(((full - empty) / (accounts - 1),)),
        target=Target(Judged.VALUE, _MOST_BYTES),
    )


def _resident_bytes(bench: Bench, workload: Workload, name: str) -> int:
    with exporter(workload, bench.subfolder(f"memory-{name}")) as process:
        process.wait_until_polled()
        process.address.scrape("gzip")
        process.address.scrape("gzip")
        return process.resident_bytes
