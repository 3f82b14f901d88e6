"""Makes PromQL of the expressions in the tables of rules.

They are written as they would be typed into Prometheus, but for three things: no selector of the
exporter's job, thresholds as `$name`, and `by (job, …)` and `on (job, …)` alone.
"""

import re
from collections.abc import Collection, Mapping
from string import Template

from exporter.metrics.catalogue import METRICS
from exporter.metrics.desc import Desc, MetricType

_NAME = re.compile(r"(?<![\w:$])(?P<name>[a-zA-Z_]\w*(?::\w+)*)(?:\{(?P<matchers>[^}]*)\})?")
_JOB_FIRST = re.compile(r"\b(by|on) \(job\b")
_SUFFIXES = ("_bucket", "_sum", "_count")
_SERIES_OF_PROMETHEUS = "up"


class UnknownMetricError(Exception):
    pass


def metric_of(series: str) -> Desc | None:
    """Return the exporter's metric that a series belongs to."""
    for suffix in _SUFFIXES:
        metric = METRICS.get(series.removesuffix(suffix))
        if metric is not None and metric.type is MetricType.HISTOGRAM and series != metric.name:
            return metric
    found = METRICS.get(series)
    return None if found is None or found.type is MetricType.HISTOGRAM else found


def expand(
    expr: str,
    *,
    selector: str,
    keep_labels: tuple[str, ...],
    thresholds: Mapping[str, str],
    recorded: Collection[str],
) -> str:
    """Return the PromQL of an expression; raises UnknownMetricError."""

    def selected(match: re.Match[str]) -> str:
        name, matchers = match["name"], match["matchers"]
        if ":" in name and name not in recorded:
            raise UnknownMetricError(f"no rule records {name}")
        if name.startswith("threads_") and metric_of(name) is None:
            raise UnknownMetricError(f"the exporter has no metric {name}")
        if not (name.startswith("threads_") or name == _SERIES_OF_PROMETHEUS):
            return match[0]
        return f"{name}{{{', '.join(filter(None, (selector, matchers)))}}}"

    kept = ", ".join(("job", *keep_labels))
    aggregated = _JOB_FIRST.sub(rf"\1 ({kept}", Template(expr).substitute(thresholds))
    return _NAME.sub(selected, aggregated)
