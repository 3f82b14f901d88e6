"""Observations in, the lines of a scrape out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO

from prometheus_client.openmetrics.parser import text_fd_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_fd_to_metric_families as parse_text
from prometheus_client.samples import Sample

from exporter.domain import AccountIdentity, KnownError
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.exposition import Exposition, Expositions
from exporter.metrics.instruments import Instruments
from exporter.metrics.registry import exporter_registry
from exporter.metrics.state import BuildInfo, ExporterState, Sources
from exporter.observations.model import AccountObservation
from tests.clock import ControlledClock

REVOKED = KnownError("revoked_access_token", "authentication", "refresh-token", "Reconnect it.")
PROCESSING = KnownError("media_processing", "media", "retry", "Wait a minute.")
STATE = ExporterState(
    build=BuildInfo("1.2.3", "abcdef0", "3.11"),
    catalogue=(REVOKED, PROCESSING),
    stale_after=300,
    call_budget=2400,
    reload_successful=True,
    reload_success_at=1_789_000_000.5,
)


def identity(name: str = "acme", labels: Mapping[str, str] | None = None) -> AccountIdentity:
    return AccountIdentity(name, "178414", "", labels or {})


@dataclass
class Exporter:
    """An exporter's sources of a scrape, each of which a test may set."""

    accounts: dict[str, AccountObservation] = field(default_factory=dict)
    state: ExporterState = STATE
    calls: dict[str, int] = field(default_factory=dict)
    clock: ControlledClock = field(default_factory=ControlledClock)
    instruments: Instruments = field(default_factory=Instruments)

    @property
    def sources(self) -> Sources:
        return Sources(
            accounts=lambda: self.accounts,
            changed=lambda: tuple(self.accounts),
            state=lambda: self.state,
            rules=lambda: self.state,
            calls_24h=lambda name: self.calls.get(name, 0),
            clock=self.clock,
        )

    @cached_property
    def expositions(self) -> Expositions:
        lines = AccountLines(self.sources, self.instruments)
        return Expositions(lines, exporter_registry(self.sources, self.instruments))

    def scrape(self, *names: str) -> list[str]:
        """Return the samples of these metrics, or of all, as lines of text 0.0.4."""
        return samples(self.expositions.expose(None, None, names).body)


def exporter_of(*observations: AccountObservation) -> Exporter:
    return Exporter({observation.identity.name: observation for observation in observations})


def samples(body: bytes) -> list[str]:
    return list(_samples(body.decode().split("\n")))


def _samples(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if line and not line.startswith("#"))


def read_back(exposition: Exposition) -> list[Sample]:
    """Return the samples that prometheus_client's own parser of the format finds."""
    openmetrics = exposition.content_type.startswith("application/openmetrics-text")
    parse = parse_openmetrics if openmetrics else parse_text
    families = parse(StringIO(exposition.body.decode()))
    return [sample for family in families for sample in family.samples]
