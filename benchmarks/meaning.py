"""What the figures mean to who runs the exporter."""

from collections.abc import Iterator, Mapping

from benchmarks import writing
from benchmarks.figures import Row, Unit

_SPARE = 1.5
_STATEMENTS = {
    "Accounts": "One process keeps up with {rate-largest} polls a second: {accounts-a-minute}"
    " accounts polled once a minute, or five times as many every five minutes."
    " `polling.max_in_flight` must let it: polls a second times the seconds that Meta takes to"
    " answer, and some more. Its default of 32 is enough for 10 000 accounts a minute at 150 ms."
    " Beyond that, share the accounts among several exporters by `--shard`.",
    "CPU": "A poll takes {poll-scheduled} of a core's time when each comes by itself, and"
    " {poll-saturated} when the next waits already. One process uses little more than one core.",
    "All at once": "10 000 accounts polled every minute and scraped every 15 s take"
    " {together-cpu} and {together-memory}.",
    "Memory": "{memory-empty} for the process and {memory-per-account} for each account. With"
    " half as much again in reserve: {reserve-1000} for 1 000 accounts, {reserve-10000} for"
    " 10 000, {reserve-50000} for 50 000. Containers that are followed come on top.",
    "Scrapes": "A gzip scrape takes {growth-1000-scrape} with 1 000 accounts,"
    " {growth-10000-scrape} with 10 000 and {growth-50000-scrape} with 50 000, while they are"
    " polled. Only what was polled since the last one is compressed anew.",
    "Starting": "With 10 000 accounts it serves after {start} and has polled each once after"
    " {growth-10000-ready}; with 50 000 that takes {growth-50000-ready}.",
    "Registering": "{register-singly} containers a second one by one, {register-in-batches} in"
    " requests of 1 000, each on disk before it is answered.",
}


def meaning(rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield a line on each matter of which all was measured."""
    facts = {
        **{name: _written(row) for name, row in rows.items()},
        **dict(_reserves(rows)),
        **dict(_accounts_a_minute(rows)),
    }
    for matter, statement in _STATEMENTS.items():
        if (filled := _filled(statement, facts)) is not None:
            yield f"- **{matter}.** {filled}"


def _written(row: Row) -> str:
    value = row.ours.median
    return writing.count(value) if row.unit is Unit.PER_SECOND else writing.figure(value, row.unit)


def _filled(statement: str, facts: Mapping[str, str]) -> str | None:
    try:
        return statement.format_map(facts)
    except KeyError:
        return None


def _reserves(rows: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    if {"memory-empty", "memory-per-account"} <= rows.keys():
        empty, each = (rows[f"memory-{of}"].ours.median for of in ("empty", "per-account"))
        for accounts in (1_000, 10_000, 50_000):
            reserve = _SPARE * (empty + accounts * each)
            yield f"reserve-{accounts}", writing.figure(reserve, Unit.BYTES)


def _accounts_a_minute(rows: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    if "rate-largest" in rows:
        thousands = rows["rate-largest"].ours.median * 60 // 1_000
        yield "accounts-a-minute", writing.count(thousands * 1_000)
