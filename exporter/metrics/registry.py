from collections.abc import Mapping
from dataclasses import replace

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from exporter.metrics.collector import AccountCollector, ExporterCollector
from exporter.metrics.instruments import Instruments
from exporter.metrics.probe import Probe
from exporter.metrics.rows.container import STATUS_ROW
from exporter.metrics.state import Sources
from exporter.observations.model import AccountObservation


def exporter_registry(sources: Sources, instruments: Instruments) -> CollectorRegistry:
    """Return all that `/metrics` tells but the accounts' lines.

    Instruments come last, to count this scrape's faults.
    """

    def with_statuses() -> Mapping[str, AccountObservation]:
        accounts = sources.accounts().items()
        return {name: seen for name, seen in accounts if seen.containers.statuses}

    registry = CollectorRegistry()
    containers = replace(sources, accounts=with_statuses)
    registry.register(AccountCollector(containers, instruments, rows=(STATUS_ROW,)))
    registry.register(ExporterCollector(sources, instruments))
    registry.register(instruments)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def account_registry(
    name: str, sources: Sources, instruments: Instruments, probe: Probe
) -> CollectorRegistry:
    """Return all that `/probe` tells of one account; KeyError where it is not configured."""
    if name not in sources.accounts():
        raise KeyError(name)
    registry = CollectorRegistry()
    registry.register(AccountCollector(sources, instruments, only=name))
    registry.register(probe)
    return registry
