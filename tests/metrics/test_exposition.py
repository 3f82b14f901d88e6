import gzip

import pytest

from exporter.metrics.exposition import Exposition
from exporter.observations.model import AccountObservation
from tests.metrics.scrapes import Exporter, exporter_of, identity, read_back, samples

TEXT_0_0_4 = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1_0_0 = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def exposed(
    accept: str | None = None, accept_encoding: str | None = None, *names: str
) -> Exposition:
    exporter = exporter_of(AccountObservation(identity()))
    return exporter.expositions.expose(accept, accept_encoding, names)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, TEXT_0_0_4),
        ("", TEXT_0_0_4),
        ("*/*", TEXT_0_0_4),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT_0_0_4),
        ("text/plain", TEXT_0_0_4),
        ("text/plain;version=0.0.4", TEXT_0_0_4),
        ("text/plain; version=1.0.0", TEXT_1_0_0),
        ('TEXT/Plain; Version="1.0.0"', TEXT_1_0_0),
        ("application/openmetrics-text; version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=1.0.0", TEXT_1_0_0),
        ("application/openmetrics-text;version=1.0.0;q=0.1,text/*;q=0.2", TEXT_0_0_4),
        ("application/openmetrics-text;version=1.0.0;q=0", TEXT_0_0_4),
        ("application/openmetrics-text;version=2.0.0", TEXT_0_0_4),
        ("application/openmetrics-text;version=2.0.0,text/plain;version=1.0.0;q=0.5", TEXT_1_0_0),
        ("application/openmetrics-text;version=0.0.1", TEXT_0_0_4),
        ("text/plain; version=x", TEXT_0_0_4),
        ("text/plain;version=1.0.0;q=nan", TEXT_0_0_4),
        ("text/plain;version=1.0.0;q=2", TEXT_0_0_4),
        ("text/plain;version=1.0.0;q=-1", TEXT_0_0_4),
        ("text/plain;version=1.0.0;q=much", TEXT_0_0_4),
        (",;,=;q=,;;version", TEXT_0_0_4),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", TEXT_0_0_4),
    ],
)
def test_the_format_is_the_best_liked_of_those_there_are(
    accept: str | None, content_type: str
) -> None:
    assert exposed(accept).content_type == content_type


@pytest.mark.parametrize(
    ("accept_encoding", "content_encoding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("deflate, gzip;q=0.5", "gzip"),
        ("*", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", None),
        ("*;q=0", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1.0", "gzip"),
        ("br", None),
        ("gzip;q=lots", None),
    ],
)
def test_gzip_is_for_those_who_like_it(
    accept_encoding: str | None, content_encoding: str | None
) -> None:
    assert exposed(None, accept_encoding).content_encoding == content_encoding


def test_compressed_is_the_same_text() -> None:
    plain = exposed(None, None, "threads_polls_total")
    packed = exposed(None, "gzip", "threads_polls_total")

    assert gzip.decompress(packed.body) == plain.body


def test_text_of_one_metric() -> None:
    assert exposed("text/plain", None, "threads_polls_total").body.decode() == (
        "# HELP threads_polls_total Polls of the Threads API, failed ones included.\n"
        "# TYPE threads_polls_total counter\n"
        'threads_polls_total{account="acme",poll="quota"} 0.0\n'
        'threads_polls_total{account="acme",poll="token"} 0.0\n'
        'threads_polls_total{account="acme",poll="container"} 0.0\n'
    )


def test_openmetrics_of_one_metric() -> None:
    assert exposed(PROMETHEUS_2, None, "threads_polls_total").body.decode() == (
        "# HELP threads_polls Polls of the Threads API, failed ones included.\n"
        "# TYPE threads_polls counter\n"
        'threads_polls_total{account="acme",poll="quota"} 0.0\n'
        'threads_polls_total{account="acme",poll="token"} 0.0\n'
        'threads_polls_total{account="acme",poll="container"} 0.0\n'
        "# EOF\n"
    )


@pytest.mark.parametrize("accept", ["text/plain", "text/plain;version=1.0.0", PROMETHEUS_3])
def test_every_format_reads_back_without_created_or_timestamps(accept: str) -> None:
    exposition = exposed(accept)

    read = read_back(exposition)

    assert len(read) == len(samples(exposition.body))
    assert [sample for sample in read if sample.timestamp is not None] == []
    assert [sample for sample in read if sample.name.endswith("_created")] == []


def test_a_histogram_goes_by_its_own_name_or_by_a_series_and_comes_whole() -> None:
    name = "threads_exporter_schedule_lag_seconds"
    buckets_count_and_sum = 10 + 2

    assert len(Exporter().scrape(name)) == 3 * buckets_count_and_sum
    assert len(Exporter().scrape(f"{name}_sum")) == 3 * buckets_count_and_sum


def test_a_counter_goes_by_the_name_of_its_family_too() -> None:
    exporter = exporter_of(AccountObservation(identity()))

    assert exporter.scrape("threads_polls") == exporter.scrape("threads_polls_total")


def test_a_name_that_is_no_metric_leaves_nothing() -> None:
    assert exposed("text/plain", None, "up").body == b""
    assert exposed(PROMETHEUS_3, None, "up", "").body == b"# EOF\n"


def test_a_metric_without_samples_has_no_header_either() -> None:
    assert exposed("text/plain", None, "threads_quota_usage").body == b""


def test_several_names_keep_several_metrics() -> None:
    exporter = exporter_of(AccountObservation(identity()))

    assert exporter.scrape("threads_exporter_shard", "threads_api_call_budget") == [
        'threads_api_call_budget{account="acme"} 2400.0',
        "threads_exporter_shard 0.0",
    ]
