from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from exporter.metrics.collector import AccountCollector, ExporterCollector
from exporter.metrics.instruments import Instruments
from exporter.metrics.probe import Probe
from exporter.metrics.state import Sources


def build_registry(sources: Sources, instruments: Instruments) -> CollectorRegistry:
    """Return all that `/metrics` tells; instruments come last, to count this scrape's faults."""
    registry = CollectorRegistry()
    registry.register(AccountCollector(sources, instruments))
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
