from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.metrics.desc import Desc, MetricType

SUCCESS = Desc(
    "probe_success",
    MetricType.GAUGE,
    "1 if every poll of this probe succeeded, 0 if one failed.",
    when="on `/probe` alone",
    promql="probe_success == 0",
)
DURATION = Desc(
    "probe_duration_seconds",
    MetricType.GAUGE,
    "How long this probe took.",
    when="on `/probe` alone",
)
PROBE = (SUCCESS, DURATION)


@dataclass(frozen=True, slots=True)
class Probe(Collector):
    """How a probe of one account went."""

    success: bool
    duration_seconds: float

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(SUCCESS.name, SUCCESS.help, value=self.success)
        yield GaugeMetricFamily(DURATION.name, DURATION.help, value=self.duration_seconds)
