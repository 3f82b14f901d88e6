"""What it costs to read an answer of Meta's, which is a part of each poll."""

import json
import time
from collections.abc import Callable, Iterator

from benchmarks.answers import QUOTAS
from benchmarks.bench import Bench
from benchmarks.figures import Row, Unit, alternate
from exporter.domain import QuotaKind
from exporter.threads_api.answers import decode, parse_quotas

_TIMES = 2_000


def measure(bench: Bench) -> Iterator[Row]:
    body = json.dumps(QUOTAS).encode("ascii")
    ours, yardstick = alternate(
        bench.scale.repetitions,
        lambda: _cpu_seconds(lambda: parse_quotas(decode(body), QuotaKind)),
        lambda: _cpu_seconds(lambda: json.loads(body)),
    )
    yield Row(
        "parsing",
        f"CPU of decoding and validating an answer with four quotas, {len(body)} bytes",
        Unit.SECONDS,
        ours,
        yardstick,
        "json.loads alone",
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(_TIMES):
        work()
    return (time.process_time() - before) / _TIMES
