"""What each of many shards costs that share the accounts of one configuration.

A few run at a time: each is one of all, and has the machine nearly to itself.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench, Scale
from benchmarks.exporter import Exporter, Workload, serving
from benchmarks.figures import Figures, Row, Unit
from benchmarks.nginx import authority, nginx
from benchmarks.writing import count

_AT_A_TIME = 3
_SCRAPES = 2


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a shard cost; `scrape` and what is before it in seconds, the others in their unit."""

    listening: float
    ready: float
    scrape: float
    accounts: float
    series: float
    cores: float
    polls_per_second: float
    memory: float
    peak_memory: float
    page: float
    gzip_page: float


_PARTS = (
    ("accounts", "accounts of the shard", Unit.NUMBER),
    ("series", "series that it shows, those of its own process among them", Unit.NUMBER),
    ("cores", "CPU, polling and scraped", Unit.CORES),
    ("polls_per_second", "polls made a second", Unit.PER_SECOND),
    ("memory", "memory, polled and scraped", Unit.BYTES),
    ("peak_memory", "most memory since its start", Unit.BYTES),
    ("scrape", "wall time of a gzip scrape", Unit.SECONDS),
    ("page", "size of a scrape", Unit.BYTES),
    ("gzip_page", "size of a gzip scrape", Unit.BYTES),
    ("listening", "from its start until it listens", Unit.SECONDS),
    ("ready", "from its start until all its accounts were polled once", Unit.SECONDS),
)


def measure(bench: Bench) -> Iterator[Row]:
    costs = list(_costs(bench))
    for part, what, unit in _PARTS:
        values = tuple(float(getattr(cost, part)) for cost in costs)
        yield Row(f"shard-{part.replace('_', '-')}", what, unit, Figures(values))


def _costs(bench: Bench) -> Iterator[_Cost]:
    scale, folder = bench.scale, bench.subfolder("shards")
    with nginx(bench) as api:
        sections = {"store": {"url": bench.store_url}} if bench.store_url else {}
        workload = Workload(
            scale.sharded_accounts,
            api.base_url,
            authority(bench) / "ca.pem",
            scale.interval,
            sections=sections,
        )
        configuration = _with_its_accounts(workload.write(folder))
        for first in range(0, scale.shards, _AT_A_TIME):
            numbers = range(first, min(first + _AT_A_TIME, scale.shards))
            bench.tell(f"shards {numbers[0]} to {numbers[-1]} of {count(scale.shards)}")
            files = [_config_file(folder, number, configuration) for number in numbers]
            yield from _costs_of(scale, numbers, files)


def _with_its_accounts(config_file: Path) -> str:
    """Return one file's text in place of a configuration with files of accounts."""
    configuration = json.loads(config_file.read_text("ascii"))
    del configuration["account_files"]
    sections = [f"{name}: {json.dumps(value)}\n" for name, value in configuration.items()]
    accounts = [file.read_text("ascii") for file in sorted(config_file.parent.glob("accounts/*"))]
    return "".join([*sections, "accounts:\n", *accounts])


def _config_file(folder: Path, number: int, configuration: str) -> Path:
    """Write the configuration into a folder for the shard's own files."""
    own = folder / f"shard-{number}"
    own.mkdir()
    file = own / "config.yaml"
    file.write_text(configuration, "ascii")
    return file


def _costs_of(scale: Scale, numbers: Sequence[int], files: Sequence[Path]) -> Iterator[_Cost]:
    with ExitStack() as stack:
        shards = [
            stack.enter_context(
                serving(file, f"--shard={number}", f"--total-shards={scale.shards}")
            )
            for number, file in zip(numbers, files, strict=True)
        ]
        ready = []
        for shard in shards:
            shard.wait_until_polled()
            ready.append(time.monotonic() - shard.started)
        time.sleep(scale.interval / 2)  # what waits since the first polls is made by then
        polls = [_polls(shard) for shard in shards]
        clocks = [_clocks(shard) for shard in shards]
        scrapes = [_scraped(scale.shard_window, shards) for _ in range(_SCRAPES)]
        spent = [_since(clock, shard) for clock, shard in zip(clocks, shards, strict=True)]
        made = [_polls(shard) - one for one, shard in zip(polls, shards, strict=True)]
        for place, shard in enumerate(shards):
            shard.require_success()
            seconds, cpu = spent[place]
            yield _Cost(
                listening=shard.listening - shard.started,
                ready=ready[place],
                scrape=max(scrape[place] for scrape in scrapes),
                cores=cpu / seconds,
                polls_per_second=made[place] / seconds,
                **_size(shard),
            )


def _polls(shard: Exporter) -> float:
    return sum(shard.samples("threads_polls_total").values())


def _clocks(shard: Exporter) -> tuple[float, float]:
    return time.monotonic(), shard.cpu_seconds


def _since(clocks: tuple[float, float], shard: Exporter) -> tuple[float, float]:
    """Return the seconds since then, and the CPU time."""
    now, cpu = _clocks(shard)
    return now - clocks[0], cpu - clocks[1]


def _scraped(window: float, shards: Sequence[Exporter]) -> list[float]:
    """Scrape each shard once in a part of the window; return how long it took."""
    took = []
    for shard in shards:
        took.append(shard.address.scrape("gzip").seconds)
        time.sleep(window / _SCRAPES / len(shards))
    return took


def _size(shard: Exporter) -> dict[str, float]:
    gzip = shard.address.scrape("gzip").size
    memory, peak = shard.resident_bytes, shard.peak_resident_bytes
    page = shard.address.get("/metrics")[1]
    lines = page.splitlines()
    return {
        "accounts": sum(line.startswith(b"threads_account_info{") for line in lines),
        "series": sum(not line.startswith(b"#") for line in lines),
        "memory": memory,
        "peak_memory": peak,
        "page": len(page),
        "gzip_page": gzip,
    }
