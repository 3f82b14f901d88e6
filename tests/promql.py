"""What a query names, held against the series that there are."""

from collections.abc import Iterator

import promql_parser
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from promql_parser import AggregateExpr, BinaryExpr, Expr, Matcher, MatchOp, VectorSelector

from alerts.promql import metric_of
from alerts.table import RECORDINGS
from exporter.metrics.desc import MetricType

_TARGET = {"job", "instance"}
_OF_PROMETHEUS = {"up": _TARGET, "ALERTS": {"alertname", "alertstate", "severity", *_TARGET}}


def problems_of(promql: str) -> list[str]:
    """Return which series, labels and label values of a query there are not.

    Raises:
        ValueError: it is no PromQL.
    """
    return [problem for part in _parts(promql_parser.parse(promql)) for problem in _problems(part)]


def _parts(expression: Expr) -> list[Expr]:
    parts: list[Expr] = []

    def keep(part: Expr) -> bool:
        parts.append(part)
        return True

    promql_parser.walk(expression, keep)
    return parts


def _problems(part: Expr) -> Iterator[str]:
    if isinstance(part, VectorSelector):
        yield from _wrong_in_selector(part)
    elif isinstance(part, AggregateExpr) and part.modifier is not None:
        yield from _missing(part.modifier.labels, part.expr)
    elif isinstance(part, BinaryExpr) and part.modifier is not None:
        matching = part.modifier.matching
        labels = matching.labels if matching is not None else []
        yield from _missing(labels, part.lhs)
        yield from _missing(labels, part.rhs)


def _wrong_in_selector(selector: VectorSelector) -> Iterator[str]:
    name = selector.name or ""
    labels = _labels_of(name)
    if labels is None:
        yield f"no series {name}"
        return
    for matcher in selector.matchers.matchers:
        if matcher.name not in labels:
            yield f"no label {matcher.name} on {name}"
        elif not _matches_something(name, matcher):
            yield f"no value {matcher.value} of {matcher.name} on {name}"


def _missing(labels: list[str], below: Expr) -> Iterator[str]:
    selectors = [part for part in _parts(below) if isinstance(part, VectorSelector)]
    there = {label for item in selectors for label in _labels_of(item.name or "") or ()}
    for label in labels:
        if there and label not in there:
            yield f"no label {label} to group or join by"


def _matches_something(name: str, matcher: Matcher) -> bool:
    desc = metric_of(name)
    labels = desc.labels if desc else ()
    closed = next((label.values for label in labels if label.name == matcher.name), ())
    is_pattern = matcher.op in (MatchOp.Re, MatchOp.NotRe)
    given = matcher.value.split("|") if is_pattern else [matcher.value]
    return not closed or set(given) <= set(closed)


def _labels_of(name: str) -> set[str] | None:
    """Return the labels of a series, None where there is no such series."""
    desc = metric_of(name)
    if desc is not None:
        is_bucket = desc.type is MetricType.HISTOGRAM and name.endswith("_bucket")
        return {*desc.label_names, *_TARGET, *(["le"] if is_bucket else [])}
    return _OTHERS.get(name)


def _labels_of_recordings() -> dict[str, set[str]]:
    """Return the labels that the recorded series keep: the first part of their names."""
    names = (rule.name for rule in RECORDINGS)
    return {name: {"job", *name.partition(":")[0].split("_")} for name in names}


def _labels_of_process() -> dict[str, set[str]]:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    samples = (sample for family in registry.collect() for sample in family.samples)
    return {sample.name: {*sample.labels, *_TARGET} for sample in samples}


_OTHERS = {**_OF_PROMETHEUS, **_labels_of_recordings(), **_labels_of_process()}
