"""Whatever an exporter comes to hold, both parsers read all of its page, and read the same."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.samples import Sample

from exporter.domain import Endpoint, LeaseStatus, Poll, RegistrationResult, SourceStatus
from exporter.metrics.exposition import FORMATS
from exporter.metrics.instruments import PROCESSED, SERIES_DROPPED
from exporter.metrics.state import BuildInfo, ExporterState
from exporter.observations.model import AccountObservation
from tests.examples import examples
from tests.metrics.observed import counts, known_errors, observations, texts
from tests.metrics.scrapes import exporter_of, read_back

ACCEPTS = tuple(f"{value};version={version}" for value, version in FORMATS if version)
CHANGING = ("python_", "process_", SERIES_DROPPED.name)
"""What another scrape counts on: the process's own metrics, and what scrapes left out."""

moments = st.floats(0, 2**40)
states = st.builds(
    ExporterState,
    build=st.builds(BuildInfo, texts, texts, texts),
    catalogue=st.lists(known_errors, max_size=2, unique_by=lambda known: known.name),
    stale_after=st.floats(1, 10_000),
    call_budget=counts,
    reload_successful=st.booleans(),
    reload_success_at=moments,
    shard=st.integers(0, 9),
    total_shards=st.integers(1, 9),
    configured_accounts=counts,
    account_sources=st.lists(
        st.builds(SourceStatus, counts, st.none() | moments, counts), max_size=2
    ),
    inspector_token_valid=st.none() | st.booleans(),
    store_up=st.none() | st.booleans(),
    lease=st.none() | st.builds(LeaseStatus, counts, moments, counts),
    web_certificate_expires_at=st.none() | moments,
    per_container_limit=st.integers(0, 5),
)
seconds = st.floats()
events = st.one_of(
    st.tuples(st.just("request_finished"), st.sampled_from(Endpoint), texts, seconds),
    st.tuples(st.just("poll_started"), st.sampled_from(Poll), seconds),
    st.tuples(st.just("poll_finished")),
    st.tuples(st.just("container_processed"), st.sampled_from(PROCESSED), seconds),
    st.tuples(st.just("registered"), st.sampled_from(RegistrationResult), st.integers(0, 1000)),
)


@given(
    st.lists(observations, max_size=3),
    states,
    st.lists(events, max_size=5),
    st.dictionaries(texts, counts, max_size=2),
)
@examples(30)
def test_every_format_is_read_back_and_tells_the_same(
    seen: list[AccountObservation],
    state: ExporterState,
    happened: list[tuple[object, ...]],
    calls: dict[str, int],
) -> None:
    exporter = exporter_of(*seen)
    exporter.state, exporter.calls = state, calls
    for name, *values in happened:
        getattr(exporter.instruments, str(name))(*values)

    plain, *others = [
        lasting(read_back(exporter.expositions.expose(accept, None))) for accept in ACCEPTS
    ]

    series = Counter((sample.name, *sorted(sample.labels.items())) for sample in plain)
    assert {*series.values()} == {1}
    assert all(other == plain for other in others)


def lasting(read: Iterable[Sample]) -> list[Sample]:
    return [sample for sample in read if not sample.name.startswith(CHANGING)]
