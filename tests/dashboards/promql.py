"""What a query asks: its selectors, and the labels of its answer."""

from collections.abc import Iterator

import promql_parser as pp

from alerts.table import RECORDINGS
from exporter.metrics.catalogue import METRICS

TARGET = frozenset({"job", "instance"})
ALERTS = frozenset({"alertname", "severity", "account"})
OTHERS = {
    "up": frozenset[str](),
    "ALERTS": ALERTS | {"alertstate"},
    "ALERTS_FOR_STATE": ALERTS,
    "process_cpu_seconds_total": frozenset[str](),
    "process_max_fds": frozenset[str](),
    "process_open_fds": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
    "process_start_time_seconds": frozenset[str](),
    "python_gc_collections_total": frozenset({"generation"}),
}
RECORDED = {
    recording.name: frozenset({"job", *recording.name.partition(":")[0].split("_")})
    for recording in RECORDINGS
}
_SETS = {"and", "or", "unless"}
_KEEPING = {"topk", "bottomk"}
_NO_LABELS = {"time", "vector"}


def children(node: pp.Expr) -> list[pp.Expr]:
    match node:
        case pp.BinaryExpr():
            return [node.lhs, node.rhs]
        case pp.Call():
            return list(node.args)
        case pp.AggregateExpr() | pp.ParenExpr() | pp.UnaryExpr() | pp.SubqueryExpr():
            return [node.expr]
        case pp.MatrixSelector():
            return [node.vector_selector]
    return []


def nodes(node: pp.Expr) -> Iterator[pp.Expr]:
    yield node
    for child in children(node):
        yield from nodes(child)


def selectors(expr: str) -> list[pp.VectorSelector]:
    return [node for node in nodes(pp.parse(expr)) if isinstance(node, pp.VectorSelector)]


def metric_labels(name: str) -> frozenset[str]:
    """Return the labels of a metric's series.

    Raises:
        KeyError: nobody exposes it.
    """
    if name in RECORDED:
        return RECORDED[name]
    if name in OTHERS:
        return OTHERS[name] | TARGET
    for suffix in ("_bucket", "_count", "_sum"):
        desc = METRICS.get(name.removesuffix(suffix))
        if name.endswith(suffix) and desc is not None and desc.buckets:
            bound = {"le"} if suffix == "_bucket" else set()
            return TARGET | set(desc.label_names) | bound
    desc = METRICS[name]
    assert not desc.buckets, f"{name} has no series of that name"
    return TARGET | set(desc.label_names)


def answer_labels(node: pp.Expr) -> frozenset[str]:
    """Return the labels of a query's answer.

    Raises:
        AssertionError: it groups or matches by a label that is not there.
    """
    match node:
        case pp.VectorSelector():
            assert node.name
            return metric_labels(node.name)
        case pp.AggregateExpr():
            return _aggregated(node)
        case pp.BinaryExpr():
            return _matched(node)
        case pp.Call():
            return _called(node)
    found = [answer_labels(child) for child in children(node)]
    return found[0] if found else frozenset()


def _aggregated(node: pp.AggregateExpr) -> frozenset[str]:
    inner = answer_labels(node.expr)
    if str(node.op) in _KEEPING:
        return inner
    by = frozenset(node.modifier.labels) if node.modifier else frozenset[str]()
    assert by <= inner, f"by {sorted(by - inner)}: not in {sorted(inner)}"
    added = {node.param.val} if str(node.op) == "count_values" and node.param else set()
    return by | added


def _matched(node: pp.BinaryExpr) -> frozenset[str]:
    left, right = answer_labels(node.lhs), answer_labels(node.rhs)
    modifier, operator = node.modifier, str(node.op)
    on = modifier.matching if modifier else None
    names = frozenset(on.labels) if on else frozenset[str]()
    if on is not None and on.type == pp.LabelModifierType.Include:
        assert names <= left & right, f"on {sorted(names - (left & right))}"
    if operator == "or":
        return left | right
    if operator in _SETS or on is None:
        return left or right
    if modifier is not None and modifier.card == pp.VectorMatchCardinality.ManyToOne:
        return left | frozenset(modifier.group_labels or [])
    return names


def _called(node: pp.Call) -> frozenset[str]:
    if node.func.name in _NO_LABELS:
        return frozenset()
    inner = frozenset[str]().union(*map(answer_labels, node.args))
    match node.func.name:
        case "label_replace":
            _, name, value, source, _pattern = node.args
            assert not source.val or source.val in inner, f"label_replace of {source.val}"
            return inner | {name.val} if value.val else inner
        case "histogram_quantile":
            assert "le" in inner
            return inner - {"le"}
    return inner
