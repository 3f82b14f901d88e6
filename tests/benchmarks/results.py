from benchmarks.figures import Figures, Row, Unit, at_most
from benchmarks.result import Result

FAST = Row(
    "scrape",
    "CPU of a scrape",
    Unit.SECONDS,
    Figures((0.002, 0.001, 0.003)),
    Figures((1.0, 1.1, 0.9)),
    "prometheus_client's server",
    at_most(1 / 100),
)
SLOW = Row(
    "poll",
    "CPU of a poll",
    Unit.SECONDS,
    Figures((0.0012,)),
    Figures((0.001,)),
    "Session.get",
    at_most(0.9),
)
ALONE = Row("memory", "memory of an account", Unit.BYTES, Figures((14_000.0,)))


def result(*rows: Row, python: str = "CPython 3.11.7", quick: bool = False) -> Result:
    return Result(
        "2026-01-01T00:00:00+00:00",
        quick,
        {"commit": "0123456789ab", "processor": "4 of AMD EPYC", "python": python},
        rows or (FAST, SLOW, ALONE),
        {"collectd": "collectd is not installed: sudo apt-get install collectd-core"},
        {},
        {"scrape": 61.5, "poll": 70.5},
    )
