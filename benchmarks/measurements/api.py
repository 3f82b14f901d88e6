"""How much the stand-in for Meta's API can answer: more than anything here asks of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.bench import Bench
from benchmarks.figures import Figures, Row, Unit
from benchmarks.nginx import authority, nginx
from benchmarks.processes import Child, child

_CALLERS = 3
_CONNECTIONS = 6
_SECONDS = 1.0


def measure(bench: Bench) -> Iterator[Row]:
    with nginx(bench) as api, ExitStack() as stack:
        arguments = (api.tls_port, authority(bench) / "ca.pem")
        callers = [stack.enter_context(child("raw_calls", *arguments)) for _ in range(_CALLERS)]
        rates = Figures(tuple(_rate(callers) for _ in range(bench.scale.repetitions)))
    yield Row(
        "api-capacity",
        f"what nginx answers in Meta's place over HTTPS, {_CALLERS} processes asking with"
        f" {_CONNECTIONS} connections each",
        Unit.PER_SECOND,
        rates,
    )


def _rate(callers: list[Child]) -> float:
    with ThreadPoolExecutor(len(callers)) as pool:
        rates = pool.map(lambda caller: caller.ask("rate", _CONNECTIONS, _SECONDS), callers)
        return sum(map(float, rates))
