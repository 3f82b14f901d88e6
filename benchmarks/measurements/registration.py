"""How many containers a second are registered for good, beside plain commits of SQLite."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from secrets import token_hex

from benchmarks.bench import Bench
from benchmarks.exporter import Workload, exporter
from benchmarks.figures import Figures, Judged, Row, Target, Unit, alternate, at_least
from benchmarks.nginx import authority, nginx
from benchmarks.processes import Child, child

_CLIENTS = 16
_ACCOUNTS = 200
_BATCHED_PER_SINGLE = 5
_BATCHED_PER_SECOND = 20_000


def measure(bench: Bench) -> Iterator[Row]:
    folder = bench.subfolder("registration")
    ca_file = authority(bench) / "ca.pem"
    with nginx(bench) as api:
        token = token_hex()
        sections = _sections(folder, token)
        workload = Workload(_ACCOUNTS, api.base_url, ca_file, sections=sections)
        with exporter(workload, folder) as process:
            process.wait_until_polled()
            port = process.address.port
            with child("publishers", token, port, _ACCOUNTS, _CLIENTS) as publishers:
                single, batched, commits = _alternated(bench, folder, publishers)
    yield Row(
        "register-singly",
        f"containers registered a second, one by one over HTTP from {_CLIENTS} clients, each on"
        " disk before it is answered and asked about within a second",
        Unit.PER_SECOND,
        single,
        commits,
        "sqlite3 alone, a row and a commit each, WAL, synchronous=FULL, the same disk",
        at_least(0.5),
    )
    yield Row(
        "register-in-batches",
        f"containers registered a second, 1 000 in a request, from {_CLIENTS} clients",
        Unit.PER_SECOND,
        batched,
        target=Target(Judged.VALUE, _BATCHED_PER_SECOND, at_least=True),
    )


def _sections(folder: Path, token: str) -> Mapping[str, object]:
    token_file = folder / "registrar"
    token_file.write_text(token, "ascii")
    token_file.chmod(0o600)
    return {
        "container_api": {"token_file": str(token_file)},
        "containers": {"max_tracked": 1_000_000},
    }


def _alternated(bench: Bench, folder: Path, publishers: Child) -> tuple[Figures, Figures, Figures]:
    number = bench.scale.registrations
    plain = PlainRows(folder / "plain.db")
    batched = max(number * _BATCHED_PER_SINGLE, 1_000)
    single, batches, commits = alternate(
        bench.scale.repetitions,
        lambda: float(publishers.ask("one by one", number)),
        lambda: float(publishers.ask("in batches", batched)),
        lambda: plain.commits_per_second(number),
    )
    return single, batches, commits


class PlainRows:
    """Rows as an account's containers are, in a file that nothing but sqlite3 writes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._numbers = count()
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE containers"
                " (id TEXT PRIMARY KEY, account TEXT, status TEXT, registered_at REAL)"
            )

    def commits_per_second(self, rows: int) -> float:
        with closing(self._connect()) as connection:
            started = time.perf_counter()
            for number in (next(self._numbers) for _ in range(rows)):
                values = (str(number), "account-000000", "PENDING", time.time())
                connection.execute("INSERT INTO containers VALUES (?, ?, ?, ?)", values)
            return rows / (time.perf_counter() - started)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection
