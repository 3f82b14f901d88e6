from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter.metrics.accept import choices
from exporter.metrics.account_lines import AccountLines, FamilyText
from exporter.metrics.collector import family_of
from exporter.metrics.desc import Desc
from exporter.metrics.gzip_member import Deflated, deflate, gzip_member
from exporter.metrics.lines import Render, header
from exporter.metrics.shared_work import SharedWork


@dataclass(frozen=True, slots=True)
class Format:
    content_type: str
    render: Render


TEXT_0_0_4 = Format("text/plain; version=0.0.4; charset=utf-8", generate_latest)
TEXT_1_0_0 = Format(
    "text/plain; version=1.0.0; charset=utf-8; escaping=underscores", generate_latest
)
OPENMETRICS_1_0_0 = Format(
    "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
    generate_openmetrics,
)
FORMATS: Mapping[tuple[str, str], Format] = {
    ("application/openmetrics-text", "1.0.0"): OPENMETRICS_1_0_0,
    ("application/openmetrics-text", ""): OPENMETRICS_1_0_0,
    ("text/plain", "1.0.0"): TEXT_1_0_0,
    ("text/plain", "0.0.4"): TEXT_0_0_4,
    ("text/plain", ""): TEXT_0_0_4,
    ("text/*", ""): TEXT_0_0_4,
    ("*/*", ""): TEXT_0_0_4,
}


@dataclass(frozen=True, slots=True)
class Exposition:
    """A scrape's answer: `chunks`, one after another, are its body."""

    chunks: Sequence[bytes]
    content_type: str
    content_encoding: str | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


@dataclass(frozen=True, slots=True)
class Selection(Collector):
    """Those metrics of a collector whose name, or whose samples' name, is among these."""

    source: Collector
    names: frozenset[str]

    def collect(self) -> Iterator[Metric]:
        for family in self.source.collect():
            if not self.names.isdisjoint({family.name, *(one.name for one in family.samples)}):
                yield family


def negotiate(accept: str | None) -> Format:
    """Return the format that the header likes best of those there are, else text 0.0.4."""
    liked = sorted(choices(accept), key=lambda choice: choice.quality, reverse=True)
    offered = (
        FORMATS.get((choice.value, choice.version)) for choice in liked if choice.quality > 0
    )
    return next((found for found in offered if found is not None), TEXT_0_0_4)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Tell whether the header likes gzip at least as much as no encoding at all."""
    qualities = {choice.value: choice.quality for choice in choices(accept_encoding)}
    quality = qualities.get("gzip", qualities.get("*", 0.0))
    return quality > 0 and quality >= qualities.get("identity", 0.0)


def expose(registry: Collector, accept: str | None, accept_encoding: str | None) -> Exposition:
    """Render a registry as a scrape's headers ask for it."""
    chosen = negotiate(accept)
    body = chosen.render(registry)
    if not accepts_gzip(accept_encoding):
        return Exposition([body], chosen.content_type)
    return Exposition([*gzip_member([deflate(body)])], chosen.content_type, "gzip")


@dataclass(frozen=True, slots=True)
class _Asked:
    format: Format
    packed: bool
    names: frozenset[str]


class Expositions:
    """What `/metrics` answers: the accounts' lines as they are kept, then what `rest` collects."""

    def __init__(self, accounts: AccountLines, rest: Collector) -> None:
        self._accounts = accounts
        self._rest = rest
        self._making: SharedWork[_Asked, Exposition] = SharedWork()

    def expose(
        self, accept: str | None, accept_encoding: str | None, names: Collection[str] = ()
    ) -> Exposition:
        """Answer as the headers ask; `names` keeps only metrics of these names."""
        asked = _Asked(negotiate(accept), accepts_gzip(accept_encoding), frozenset(names))
        return self._making.get(asked, partial(self._make, asked))

    def _make(self, asked: _Asked) -> Exposition:
        chosen, names = asked.format, asked.names
        families = [one for one in self._accounts.families() if _is_named(one, names)]
        rest = chosen.render(Selection(self._rest, names) if names else self._rest)
        if not asked.packed:
            return Exposition([*_plain(families, chosen), rest], chosen.content_type)
        parts = [*_deflated(families, chosen), deflate(rest)]
        return Exposition([*gzip_member(parts)], chosen.content_type, "gzip")


def _is_named(family: FamilyText, names: Collection[str]) -> bool:
    name = family.desc.name
    return not names or name in names or family_of(family.desc).name in names


def _plain(families: Iterable[FamilyText], chosen: Format) -> Iterator[bytes]:
    for family in families:
        yield _header(family.desc, chosen)
        yield from family.texts


def _deflated(families: Iterable[FamilyText], chosen: Format) -> Iterator[Deflated]:
    for family in families:
        yield _deflated_header(family.desc, chosen)
        yield from family.packed.deflated(family.texts)


@cache
def _header(desc: Desc, chosen: Format) -> bytes:
    return header(family_of(desc), chosen.render)


@cache
def _deflated_header(desc: Desc, chosen: Format) -> Deflated:
    return deflate(_header(desc, chosen))
