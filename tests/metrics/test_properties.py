from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from exporter.domain import ContainerStatus, KnownError
from exporter.metrics.collector import AccountCollector, ExporterCollector
from exporter.metrics.exposition import expose, negotiate
from exporter.metrics.page import SECTIONS
from exporter.observations.model import AccountObservation, ContainerSummary
from tests.examples import examples
from tests.metrics.observed import known_errors, observations
from tests.metrics.scrapes import STATE, Exporter, exporter_of, identity, read_back

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
CLOSED_SETS = {
    (desc.name, label.name): {*label.values}
    for _, section in SECTIONS
    for desc in section
    for label in desc.labels
    if label.values
}


def exporter_with(seen: list[AccountObservation], catalogue: list[KnownError]) -> Exporter:
    exporter = exporter_of(*seen)
    exporter.state = replace(STATE, catalogue=catalogue)
    return exporter


def with_containers(account: int, count: int) -> AccountObservation:
    statuses = dict.fromkeys(map(str, range(count)), ContainerStatus.PENDING)
    return AccountObservation(
        identity(str(account)), containers=ContainerSummary(statuses=statuses)
    )


def repeated(read: list[Sample]) -> list[tuple[str, frozenset[tuple[str, str]]]]:
    series = Counter((sample.name, frozenset(sample.labels.items())) for sample in read)
    return [one for one, times in series.items() if times > 1]


def registry_of(exporter: Exporter) -> CollectorRegistry:
    """Return only what observations fill: the rest is the same at each scrape."""
    registry = CollectorRegistry()
    registry.register(AccountCollector(exporter.sources, exporter.instruments))
    registry.register(ExporterCollector(exporter.sources, exporter.instruments))
    return registry


@examples(30)
@given(st.lists(observations, max_size=2), st.lists(known_errors, max_size=2))
def test_whatever_was_seen_both_parsers_read_it_back(
    seen: list[AccountObservation], catalogue: list[KnownError]
) -> None:
    registry = registry_of(exporter_with(seen, catalogue))

    collected = [sample for family in registry.collect() for sample in family.samples]

    assert read_back(expose(registry, None, None)) == collected
    assert read_back(expose(registry, OPENMETRICS, None)) == collected
    assert repeated(collected) == []


@examples(30)
@given(observations)
def test_label_values_stay_within_their_closed_sets(seen: AccountObservation) -> None:
    for family in registry_of(exporter_with([seen], [])).collect():
        for sample in family.samples:
            for label, value in sample.labels.items():
                assert value in CLOSED_SETS.get((sample.name, label), {value})


@examples(30)
@given(st.lists(st.integers(0, 4), max_size=3), st.integers(0, 9))
def test_each_container_is_shown_or_counted_as_left_out(sizes: list[int], limit: int) -> None:
    exporter = exporter_of(*(with_containers(*pair) for pair in enumerate(sizes)))
    exporter.state = replace(STATE, per_container_limit=limit)

    lines = exporter.scrape("threads_container_status", "threads_exporter_series_dropped_total")

    *shown, dropped = lines
    assert len(shown) == 7 * min(sum(sizes), limit)
    assert dropped.endswith(f" {7.0 * max(0, sum(sizes) - limit)}")


@given(st.text() | st.text(",;=/q*. 01version"))
def test_whatever_is_asked_for_some_format_is_answered(accept: str) -> None:
    assert negotiate(accept).content_type.startswith(("text/plain", "application/openmetrics"))
