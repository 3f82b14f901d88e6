"""The accounts' part of a scrape, kept as text and rendered anew only where it changed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from math import inf
from threading import Lock

from prometheus_client.samples import Sample

from exporter.metrics.account_labels import label_names, labelled
from exporter.metrics.block import ACCOUNTS, Block
from exporter.metrics.desc import Desc, Samples
from exporter.metrics.guard import Guard
from exporter.metrics.instruments import Instruments
from exporter.metrics.lines import sample_lines, with_values
from exporter.metrics.rows import ACCOUNT_ROWS
from exporter.metrics.rows.row import ACCOUNT, AnyAccountRow
from exporter.metrics.state import Context, Sources
from exporter.observations.model import AccountObservation

Values = Mapping[tuple[str, ...], float]
PARTS = tuple(dict.fromkeys(row.part for row in ACCOUNT_ROWS))
PART_OF_ROW = tuple(PARTS.index(row.part) for row in ACCOUNT_ROWS)
_UNREADABLE = object()


@dataclass(slots=True)
class _Place:
    """Where an account's lines are, what they were made of, and until when that holds."""

    number: int
    label: str
    parts: Sequence[object] = ()
    holds_until: float = inf


@dataclass(frozen=True, slots=True)
class FamilyText:
    """A metric of all accounts: the blocks and the texts that they have at this moment."""

    desc: Desc
    blocks: Sequence[tuple[Block, bytes]]


class AccountLines:
    """Holds every account's lines, by metric and in blocks of accounts.

    Rendering takes turns under a lock that no I/O is done under.
    """

    def __init__(self, sources: Sources, instruments: Instruments) -> None:
        self._sources = sources
        self._instruments = instruments
        self._guard = Guard(instruments)
        self._lock = Lock()
        self._accounts: Mapping[str, AccountObservation] = {}
        self._label_names: tuple[str, ...] = ()
        self._settings: tuple[float, int] | None = None
        self._places: dict[str, _Place] = {}
        self._columns: list[list[Block]] = [[] for _ in ACCOUNT_ROWS]
        self._holds_until = inf

    def refresh(self) -> None:
        """Render what changed, or holds no longer, since the last time.

        Where that is under way it is left to who comes next, the scrape at the latest.
        """
        if self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()

    def families(self) -> Sequence[FamilyText]:
        """Return the metrics that have samples, as they are now."""
        with self._lock:
            self._refresh()
            texts = ([(block, block.text) for block in column] for column in self._columns)
            return [
                FamilyText(row.desc, blocks)
                for row, blocks in zip(ACCOUNT_ROWS, texts, strict=True)
                if any(text for _, text in blocks)
            ]

    def _refresh(self) -> None:
        changed = self._sources.changed()
        accounts = self._sources.accounts()
        if accounts is not self._accounts:
            self._settle(accounts)
            changed = accounts
        context = self._sources.context(self._label_names)
        if self._settings != (settings := (context.stale_after, context.call_budget)):
            self._settings = settings
            changed = accounts
        if context.monotonic > self._holds_until:
            changed = {*changed, *self._out_of_date(context.monotonic)}
        for name in changed:
            self._render(name, context)

    def _settle(self, accounts: Mapping[str, AccountObservation]) -> None:
        """Give each account a place; those that had one before keep their lines."""
        labels = labelled(accounts, self._instruments)
        before = self._places
        self._accounts = accounts
        self._label_names = label_names(accounts.values())
        self._places = {
            name: _Place(number, label, before[name].parts if name in before else ())
            for number, (label, name) in enumerate(labels.items())
        }
        self._columns = [_blocks(_moved(column, before, self._places)) for column in self._columns]

    def _out_of_date(self, now: float) -> Collection[str]:
        places = self._places.items()
        self._holds_until = min((place.holds_until for _, place in places), default=inf)
        return [name for name, place in places if place.holds_until < now]

    def _render(self, name: str, context: Context) -> None:
        place = self._places.get(name)
        if place is None:
            return
        observation = self._accounts[name]
        context.holds_until = inf
        parts = [_part(part, observation, context) for part in PARTS]
        rows = [
            number
            for number, part in enumerate(PART_OF_ROW)
            if not place.parts or parts[part] is _UNREADABLE or place.parts[part] != parts[part]
        ]
        block, within = divmod(place.number, ACCOUNTS)
        unknown: dict[int, Values] = {}
        for number in rows:
            row, column = ACCOUNT_ROWS[number], self._columns[number]
            values = self._read(row, partial(row.collect, observation, context), context)
            if values and list(values) == self._shown(number, place, context):
                known = column[block].lines(within)
                column[block].replace(within, with_values(known, list(values.values())))
            else:
                unknown[number] = values
        for number, lines in _rendered(unknown, place.label, context):
            self._columns[number][block].replace(within, lines)
        place.parts, place.holds_until = parts, context.holds_until
        self._holds_until = min(self._holds_until, place.holds_until)

    def _read(self, row: AnyAccountRow, samples: Callable[[], Samples], context: Context) -> Values:
        return self._guard.read(row.desc.name, row.labels(context), samples)

    def _shown(self, number: int, place: _Place, context: Context) -> Sequence[tuple[str, ...]]:
        """Return the labels' values of the lines that are there, a tuple for each."""
        part = place.parts[PART_OF_ROW[number]] if place.parts else _UNREADABLE
        if part is _UNREADABLE:
            return ()
        row = ACCOUNT_ROWS[number]
        return list(self._read(row, partial(row.samples, part), context))


def _rendered(
    rows: Mapping[int, Values], label: str, context: Context
) -> Iterator[tuple[int, bytes]]:
    samples = chain.from_iterable(
        _samples(ACCOUNT_ROWS[number], label, values, context) for number, values in rows.items()
    )
    lines = iter(sample_lines(samples) if rows else ())
    for number, values in rows.items():
        yield number, b"".join(line + b"\n" for line in islice(lines, len(values)))


def _samples(row: AnyAccountRow, label: str, values: Values, context: Context) -> Iterator[Sample]:
    names = (ACCOUNT.name, *(one.name for one in row.labels(context)))
    for labels, value in values.items():
        yield Sample(row.desc.name, dict(zip(names, (label, *labels), strict=True)), value)


def _part(
    part: Callable[[AccountObservation, Context], object],
    observation: AccountObservation,
    context: Context,
) -> object:
    try:
        return part(observation, context)
    except Exception:  # noqa: BLE001 — reading the row meets the same fault, and tells of it
        return _UNREADABLE


def _moved(
    column: Iterable[Block], before: Mapping[str, _Place], after: Mapping[str, _Place]
) -> Sequence[bytes]:
    lines = list(chain.from_iterable(block.split() for block in column))
    return [lines[before[name].number] if name in before else b"" for name in after]


def _blocks(lines: Sequence[bytes]) -> list[Block]:
    return [Block(lines[first : first + ACCOUNTS]) for first in range(0, len(lines), ACCOUNTS)]
