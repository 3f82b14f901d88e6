"""Single samples and headers as prometheus_client's renderer writes them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

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


def label_text(value: str) -> bytes:
    """Return a label's value as it stands between the quotation marks of a line."""
    (line,) = sample_lines([Sample("_", {"_": value}, 0)])
    return line[line.index(b'"') + 1 : line.rindex(b'"')]


def with_values(lines: bytes, values: Sequence[float]) -> bytes:
    """Return the lines with other values, one for each: the rest of a line need not be rendered."""
    parts = lines.split(b"\n")
    return b"".join(
        line[: line.rindex(b" ") + 1] + _value(value) + b"\n"
        for line, value in zip(parts, values, strict=False)
    )


def _value(value: float) -> bytes:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]  # the library left it so
    return text.encode("ascii")


def header(metric: Metric, render: Render) -> bytes:
    """Return the lines that stand before a metric's samples."""
    return render(_OneMetric(metric)).removesuffix(b"# EOF\n")
