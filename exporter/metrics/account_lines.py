"""The accounts' part of a scrape, kept as text and rendered anew only where it changed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from math import inf
from threading import Event, Lock

from prometheus_client.samples import Sample

from exporter.metrics.account_labels import label_names, labelled
from exporter.metrics.block import ACCOUNTS, Block
from exporter.metrics.desc import Desc
from exporter.metrics.groups import Group, grouped
from exporter.metrics.guard import Guard
from exporter.metrics.instruments import Instruments
from exporter.metrics.lines import label_text, sample_lines, with_values
from exporter.metrics.packed_column import PackedColumn
from exporter.metrics.rows import ACCOUNT_ROWS
from exporter.metrics.rows.row import ACCOUNT, AnyAccountRow
from exporter.metrics.state import Context, Sources
from exporter.observations.model import AccountObservation

Values = Mapping[tuple[str, ...], float]
PARTS = tuple(dict.fromkeys(row.part for row in ACCOUNT_ROWS))
_DESCS = tuple(row.desc for row in ACCOUNT_ROWS)
PART_OF_ROW = tuple(PARTS.index(row.part) for row in ACCOUNT_ROWS)
_UNREADABLE = object()
_NOTHING_KNOWN = (_UNREADABLE,) * len(PARTS)
_AT_ONCE = 2 * ACCOUNTS
"""How many accounts are rendered while a scrape waits: after a reload all may have changed."""
_PAUSE_SECONDS = 0.001
"""Whoever waits for a lock does not get it from one who takes it again at once."""
_ANY_ACCOUNT = "\0"
"""Stands for an account in a pattern: no label has it once it is cleaned."""


@dataclass(slots=True)
class _Place:
    """Where an account's lines are, what they were made of, and until when that holds."""

    block: int
    within: int
    label: str
    parts: Sequence[object] = _NOTHING_KNOWN
    holds_until: float = inf


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The lines that a row last made of a part; most parts are those of many accounts."""

    part: object = _UNREADABLE
    lines: bytes = b""


@dataclass(frozen=True, slots=True)
class FamilyText:
    """A metric of all accounts: the texts that its blocks have at this moment."""

    desc: Desc
    texts: Sequence[bytes]
    packed: PackedColumn


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
        self._everyones: object = None
        self._places: dict[str, _Place] = {}
        self._groups: Sequence[Group] = ()
        self._columns: list[list[Block]] = [[] for _ in ACCOUNT_ROWS]
        self._packed = [PackedColumn() for _ in ACCOUNT_ROWS]
        self._waiting: dict[str, None] = {}
        self._patterns = [_Pattern()] * len(ACCOUNT_ROWS)
        self._holds_until = inf
        self._reloaded: set[str] = set()
        self._shown: Sequence[FamilyText] | None = None

    def refresh(self) -> None:
        """Render what changed, or holds no longer, since the last time; of much only some.

        Where that is under way it is left to who comes next, the scrape at the latest.
        """
        if self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()

    def catch_up(self, go_on: Callable[[], object] = lambda: None) -> None:
        """Render all that changed, and let a scrape go between; `go_on` is told now and then."""
        for _ in range(-(-self._render_some() // _AT_ONCE)):
            Event().wait(_PAUSE_SECONDS)
            self._render_some()
            go_on()

    def _render_some(self) -> int:
        """Return how many are left."""
        with self._lock:
            self._refresh()
            return len(self._waiting)

    def families(self) -> Sequence[FamilyText]:
        """Return the metrics that have samples, as they are now, or were a moment ago.

        What a reload made of the accounts is shown once all of it is rendered.
        """
        with self._lock:
            self._refresh()
            return self._families() if self._shown is None else self._shown

    def _families(self) -> Sequence[FamilyText]:
        texts = ([block.text for block in column] for column in self._columns)
        families = map(FamilyText, _DESCS, texts, self._packed)
        return [family for family in families if any(family.texts)]

    def _refresh(self) -> None:
        self._waiting |= dict.fromkeys(self._sources.changed())
        context = self._reload()
        if context.monotonic > self._holds_until:
            self._waiting |= dict.fromkeys(self._out_of_date(context.monotonic))
        for name in [*islice(self._waiting, _AT_ONCE)]:
            self._render(name, context)
            del self._waiting[name]
            self._reloaded.discard(name)
        if not self._reloaded:
            self._shown = None

    def _reload(self) -> Context:
        """Take up other accounts or settings; until all is rendered, scrapes show those before."""
        accounts = self._sources.accounts()
        if accounts is not self._accounts:
            self._go_on_showing()
            self._settle(accounts)
            self._reloaded.update(self._waiting)
        context = self._sources.context(self._label_names)
        everyones = self._label_names, context.stale_after, context.call_budget
        if self._everyones != everyones:
            self._go_on_showing()
            self._everyones = everyones
            self._waiting |= dict.fromkeys(accounts)
            self._reloaded.update(self._waiting)
        return context

    def _go_on_showing(self) -> None:
        if self._shown is None:
            self._shown = self._families()

    def _settle(self, accounts: Mapping[str, AccountObservation]) -> None:
        """Give each account a place; those that had one before keep their lines."""
        labels = labelled(accounts, self._instruments)
        before = self._places
        groups = grouped([*labels.values()], {name: one.block for name, one in before.items()})
        numbers = {group: number for number, group in enumerate(self._groups)}
        kept = [numbers.get(group) for group in groups]
        self._columns = [
            [
                _moved(column, group, before) if number is None else column[number]
                for number, group in zip(kept, groups, strict=True)
            ]
            for column in self._columns
        ]
        self._places = dict(_placed(labels, groups, before))
        self._waiting |= dict.fromkeys(name for name in self._places if name not in before)
        self._groups = groups
        self._accounts = accounts
        self._label_names = label_names(accounts.values())

    def _out_of_date(self, now: float) -> Collection[str]:
        old = {name: place for name, place in self._places.items() if place.holds_until < now}
        for place in old.values():
            place.holds_until = inf
        self._holds_until = min((place.holds_until for place in self._places.values()), default=inf)
        return old

    def _render(self, name: str, context: Context) -> None:
        place = self._places.get(name)
        if place is None:
            return
        observation = self._accounts[name]
        context.holds_until = inf
        parts = tuple(_part(part, observation, context) for part in PARTS)
        changes = [*zip(place.parts, parts, strict=True)]
        changed = [not _same(before, now) for before, now in changes]
        other = {
            row: parts[part]
            for row, part in enumerate(PART_OF_ROW)
            if changed[part] and not self._replace_values(row, place, *changes[part])
        }
        if other:
            self._replace_rows(other, place, observation, context)
        place.parts, place.holds_until = parts, context.holds_until
        self._holds_until = min(self._holds_until, place.holds_until)

    def _replace_values(self, row: int, place: _Place, before: object, now: object) -> bool:
        """Write the values into the lines that are there, if nothing but values differs."""
        values = _only_values(ACCOUNT_ROWS[row], before, now)
        if values is None:
            return False
        lines = self._columns[row][place.block].lines(place.within)
        if len(values) != lines.count(b"\n"):
            return False
        self._replace(row, place, with_values(lines, values))
        return True

    def _replace_rows(
        self,
        parts: Mapping[int, object],
        place: _Place,
        observation: AccountObservation,
        context: Context,
    ) -> None:
        """Write the lines that these rows make of their parts."""
        values = {
            row: self._read(ACCOUNT_ROWS[row], observation, context)
            for row, part in parts.items()
            if not _same(self._patterns[row].part, part)
        }
        for row, lines in _rendered(values, context):
            part = _UNREADABLE if values[row] is None else parts[row]
            self._patterns[row] = _Pattern(part, lines)
        account = label_text(place.label)
        for row in parts:
            lines = self._patterns[row].lines.replace(_ANY_ACCOUNT.encode(), account)
            self._replace(row, place, lines)

    def _replace(self, row: int, place: _Place, lines: bytes) -> None:
        self._columns[row][place.block].replace(place.within, lines)

    def _read(
        self, row: AnyAccountRow, observation: AccountObservation, context: Context
    ) -> Values | None:
        samples = partial(row.collect, observation, context)
        return self._guard.read(row.desc.name, row.labels(context), samples)


def _only_values(row: AnyAccountRow, before: object, now: object) -> Sequence[float] | None:
    """Return the values that a part has now, None where something beside values differs."""
    if row.configured_labels or before is _UNREADABLE or now is _UNREADABLE:
        return None
    try:
        known, samples = list(row.samples(before)), list(row.samples(now))
        same = [labels for labels, _ in known] == [labels for labels, _ in samples]
        return [float(value) for _, value in samples] if same else None
    except Exception:  # noqa: BLE001 — reading the row meets the same fault, and tells of it
        return None


def _same(one: object, other: object) -> bool:
    """Tell whether two parts are readable and equal."""
    if one is _UNREADABLE or other is _UNREADABLE:
        return False
    try:
        return one == other
    except Exception:  # noqa: BLE001 — reading the row meets the same fault, and tells of it
        return False


def _rendered(rows: Mapping[int, Values | None], context: Context) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of each row, for any account."""
    samples = [_samples(ACCOUNT_ROWS[row], values or {}, context) for row, values in rows.items()]
    lines = iter(sample_lines(chain(*samples)) if any(rows.values()) else ())
    for row, values in rows.items():
        yield row, b"".join(line + b"\n" for line in islice(lines, len(values or {})))


def _samples(row: AnyAccountRow, values: Values, context: Context) -> Iterator[Sample]:
    names = (ACCOUNT.name, *(one.name for one in row.labels(context)))
    for labels, value in values.items():
        yield Sample(row.desc.name, dict(zip(names, (_ANY_ACCOUNT, *labels), strict=True)), value)


def _part(
    part: Callable[[AccountObservation, Context], object],
    observation: AccountObservation,
    context: Context,
) -> object:
    try:
        return part(observation, context)
    except Exception:  # noqa: BLE001 — reading the row meets the same fault, and tells of it
        return _UNREADABLE


def _moved(column: Sequence[Block], group: Group, before: Mapping[str, _Place]) -> Block:
    """Return a block of the lines that the group's accounts have in the column."""
    places = map(before.get, group)
    return Block([column[one.block].lines(one.within) if one else b"" for one in places])


def _placed(
    labels: Mapping[str, str], groups: Sequence[Group], before: Mapping[str, _Place]
) -> Iterator[tuple[str, _Place]]:
    remaining = iter(labels.items())
    for block, group in enumerate(groups):
        for within, (label, name) in enumerate(islice(remaining, len(group))):
            one = before.get(name)
            if one is None:
                yield name, _Place(block, within, label)
            else:
                yield name, _Place(block, within, label, one.parts, one.holds_until)
