"""Single samples and headers as prometheus_client's renderer writes them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

Render = Callable[[Collector], bytes]


class _OneMetric(Collector):
    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Metric]:
        yield self._metric


def sample_lines(samples: Iterable[Sample]) -> Sequence[bytes]:
    """Return a line for each sample: every text format writes it alike, whatever its metric."""
    metric = Metric("samples", "", "gauge")
    metric.samples = list(samples)
    _help, _type, *lines, _end = generate_latest(_OneMetric(metric)).split(b"\n")
    return lines


def header(metric: Metric, render: Render) -> bytes:
    """Return the lines that stand before a metric's samples."""
    return render(_OneMetric(metric)).removesuffix(b"# EOF\n")
