"""Selectors and the expressions that several dashboards share, on the exporter's own metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.table import RECORDINGS
from exporter.metrics.catalogue import METRICS
from exporter.metrics.desc import Desc, Label, MetricType

_RECORDED = {recording.name for recording in RECORDINGS}
_PARTS = ("_bucket", "_count", "_sum")
EXPORTER = 'job=~"$job", instance=~"$instance"'


@dataclass(frozen=True, slots=True)
class Pattern:
    """Label values by a regular expression, where they are no closed set."""

    regex: str


Matched = str | tuple[str, ...] | Pattern


def selector(name: str, window: str = "") -> str:
    """Select a metric that every target has: `up` or one of its process."""
    return f"{name}{{{EXPORTER}}}{_range(window)}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts a dashboard is about: how its selectors match the label."""

    account: str

    def series(self, name: str, window: str = "", /, **labels: Matched) -> str:
        """Select series of a metric by label values.

        Raises:
            LookupError: the exporter has no such metric, label or label value.
        """
        known = {label.name: label for label in _desc(name).labels}
        matchers = [EXPORTER]
        if "account" in known:
            matchers.append(self.account)
        matchers += [_matcher(known[label], values) for label, values in labels.items()]
        return f"{name}{{{', '.join(matchers)}}}{_range(window)}"

    def recorded(self, name: str, /, **labels: Matched) -> str:
        """Select series that a rule records: they have no instance.

        Raises:
            LookupError: no rule records it, or it lacks a label.
        """
        known = _recorded_labels(name)
        matchers = ['job=~"$job"']
        if "account" in known:
            matchers.append(self.account)
        matchers += [_matcher(known[label], values) for label, values in labels.items()]
        return f"{name}{{{', '.join(matchers)}}}"


CHOSEN = Scope('account=~"$account"')
# Grafana escapes a value for a regular expression only where a variable takes several of them.
ONE = Scope('account="$account"')


def _desc(name: str) -> Desc:
    if name in METRICS:
        return METRICS[name]
    for part in _PARTS:
        desc = METRICS.get(name.removesuffix(part))
        if name.endswith(part) and desc and desc.type is MetricType.HISTOGRAM:
            return desc
    raise LookupError(f"the exporter has no metric {name}")


def _recorded_labels(name: str) -> Mapping[str, Label]:
    """Return the labels besides the job: the level with which the name begins."""
    if name not in _RECORDED:
        raise LookupError(f"no rule records {name}")
    return {label: Label(label) for label in name.partition(":")[0].split("_")}


def _matcher(label: Label, matched: Matched) -> str:
    if isinstance(matched, Pattern):
        return f'{label.name}=~"{matched.regex}"'
    values = (matched,) if isinstance(matched, str) else matched
    for value in values:
        if label.values and value not in label.values:
            raise LookupError(f"{label.name} is never {value}")
    return (
        f'{label.name}=~"{"|".join(values)}"' if len(values) > 1 else f'{label.name}="{values[0]}"'
    )


def _range(window: str) -> str:
    return f"[{window}]" if window else ""


def label_values(name: str, label: str) -> tuple[str, ...]:
    """Return the closed set of a label's values, as the exporter tells it."""
    return next(known.values for known in _desc(name).labels if known.name == label)
