from collections.abc import Iterator
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from exporter.domain import (
    ConnectionEnd,
    ContainerStatus,
    Endpoint,
    FailureReason,
    Poll,
    RegistrationResult,
    StoreTrouble,
)
from exporter.metrics.desc import Desc, Label, MetricType, Stability
from exporter.metrics.rows import NAMES
from exporter.metrics.rows.poll import POLL

NO_ANSWER = (
    FailureReason.CONNECT,
    FailureReason.DNS,
    FailureReason.TLS,
    FailureReason.TIMEOUT,
    FailureReason.TRUNCATED,
    FailureReason.TOO_LARGE,
    FailureReason.MALFORMED,
    FailureReason.INTERNAL,
)
PROCESSED = (ContainerStatus.FINISHED, ContainerStatus.ERROR)
OTHER_CODE = "other"
ENDPOINT = Label("endpoint", values=tuple(Endpoint))
CODE = Label(
    "code",
    meaning="the HTTP status, `100` to `599`; without a whole answer one of "
    + ", ".join(f"`{reason}`" for reason in NO_ANSWER)
    + f"; else `{OTHER_CODE}`",
)
OUTCOME = Label("outcome", values=PROCESSED)
RESULT = Label("result", values=tuple(RegistrationResult))
TROUBLE = Label("kind", values=tuple(StoreTrouble))
CONNECTION_END = Label("reason", values=tuple(ConnectionEnd))
METRIC = Label("metric", NAMES, "a metric of this page that is read from what was last seen")

REQUESTS = Desc(
    "threads_api_requests_total",
    MetricType.COUNTER,
    "HTTP requests to the Threads API, by the status of the answer or why there was none.",
    (ENDPOINT, CODE),
    when="always for `200` and the requests without an answer; else once the code was seen",
    promql="sum by (endpoint, code) (rate(threads_api_requests_total[5m]))",
)
REQUEST_DURATION = Desc(
    "threads_api_request_duration_seconds",
    MetricType.HISTOGRAM,
    "Duration of HTTP requests to the Threads API, from name resolution to the last byte.",
    (ENDPOINT,),
    promql="histogram_quantile(0.99, sum by (endpoint, le)"
    " (rate(threads_api_request_duration_seconds_bucket[5m])))",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SCHEDULE_LAG = Desc(
    "threads_exporter_schedule_lag_seconds",
    MetricType.HISTOGRAM,
    "How much later than scheduled a poll started.",
    (POLL,),
    promql="histogram_quantile(0.99, sum by (poll, le)"
    " (rate(threads_exporter_schedule_lag_seconds_bucket[15m]))) > 30",
    buckets=(0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
)
POLLS_IN_FLIGHT = Desc(
    "threads_exporter_polls_in_flight",
    MetricType.GAUGE,
    "Polls that have started and not yet ended.",
    promql="max_over_time(threads_exporter_polls_in_flight[5m])",
)
CONTAINER_PROCESSING = Desc(
    "threads_container_processing_seconds",
    MetricType.HISTOGRAM,
    "Time from a media container's registration to the poll that first saw its status as FINISHED"
    " or ERROR.",
    (OUTCOME,),
    promql="histogram_quantile(0.9, sum by (le)"
    ' (rate(threads_container_processing_seconds_bucket{outcome="FINISHED"}[1h])))',
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400),
)
COLLECT_ERRORS = Desc(
    "threads_exporter_collect_errors_total",
    MetricType.COUNTER,
    "Times that an account was left out of a metric as its lines were rendered, because of a fault"
    " of the exporter.",
    (METRIC,),
    promql="increase(threads_exporter_collect_errors_total[1h]) > 0",
    stability=Stability.EXPERIMENTAL,
)
SERIES_DROPPED = Desc(
    "threads_exporter_series_dropped_total",
    MetricType.COUNTER,
    "Series of threads_container_status that scrapes left out, because there were more containers"
    " than are shown.",
    promql="increase(threads_exporter_series_dropped_total[5m]) > 0",
)
REGISTRATIONS = Desc(
    "threads_exporter_registrations_total",
    MetricType.COUNTER,
    "Media containers that publishers asked the registration API to track, by what became of it.",
    (RESULT,),
    promql='sum by (result) (increase(threads_exporter_registrations_total{result!~"created|known"}'
    "[15m])) > 0",
    stability=Stability.EXPERIMENTAL,
)

STORE_ERRORS = Desc(
    "threads_exporter_store_errors_total",
    MetricType.COUNTER,
    "Times that the store could not be used, by why.",
    (TROUBLE,),
    promql="sum by (kind) (increase(threads_exporter_store_errors_total[15m])) > 0",
    stability=Stability.EXPERIMENTAL,
)

FENCED_WRITES = Desc(
    "threads_exporter_fenced_writes_total",
    MetricType.COUNTER,
    "Changes of media containers that the shared store did not take from this process: another one"
    " polls the account by now, or has ended the container.",
    promql="increase(threads_exporter_fenced_writes_total[15m]) > 0",
    stability=Stability.EXPERIMENTAL,
)

CLOCK_JUMPS = Desc(
    "threads_exporter_clock_jumps_total",
    MetricType.COUNTER,
    "Times that the wall clock was found to have been set, by a second or more.",
    promql="increase(threads_exporter_clock_jumps_total[1h]) > 0",
    stability=Stability.EXPERIMENTAL,
)
TOKEN_RELOAD_FAILURES = Desc(
    "threads_exporter_token_reload_failures_total",
    MetricType.COUNTER,
    "Attempts to read a token whose file has changed that failed, so that the token from before is"
    " still in use.",
    promql="increase(threads_exporter_token_reload_failures_total[5m]) > 0",
    stability=Stability.EXPERIMENTAL,
)
HEADER_PARSE_ERRORS = Desc(
    "threads_exporter_header_parse_errors_total",
    MetricType.COUNTER,
    "Headers on rate limits (usage, time to wait) in Meta's answers that are not as Meta documents"
    " them; what cannot be read of them is ignored.",
    promql="increase(threads_exporter_header_parse_errors_total[1h]) > 0",
    stability=Stability.EXPERIMENTAL,
)
HTTP_CONNECTIONS = Desc(
    "threads_exporter_http_connections",
    MetricType.GAUGE,
    "Open connections to the exporter's own web server, the scrape's among them.",
    promql="max_over_time(threads_exporter_http_connections[15m])",
    stability=Stability.EXPERIMENTAL,
)
HTTP_CONNECTIONS_REJECTED = Desc(
    "threads_exporter_http_connections_rejected_total",
    MetricType.COUNTER,
    "Connections that the exporter's own web server ended: `full` refused, as all there may be were"
    " being answered; `evicted` the oldest that waited for its client, for a new one; `handshake`"
    " TLS failed or took too long; `request` did not arrive whole in time; `response` was not"
    " taken in time.",
    (CONNECTION_END,),
    promql="sum by (reason) (increase(threads_exporter_http_connections_rejected_total[15m])) > 0",
    stability=Stability.EXPERIMENTAL,
)
HTTP_REQUESTS_IN_FLIGHT = Desc(
    "threads_exporter_http_requests_in_flight",
    MetricType.GAUGE,
    "Requests to the exporter's own web server that are being answered, the scrape among them.",
    promql="max_over_time(threads_exporter_http_requests_in_flight[15m])",
    stability=Stability.EXPERIMENTAL,
)


def _counter(desc: Desc, registry: CollectorRegistry) -> Counter:
    return Counter(desc.name, desc.help, desc.label_names, registry=registry)


def _gauge(desc: Desc, registry: CollectorRegistry) -> Gauge:
    return Gauge(desc.name, desc.help, registry=registry)


def _histogram(desc: Desc, registry: CollectorRegistry) -> Histogram:
    histogram = Histogram(
        desc.name, desc.help, desc.label_names, registry=registry, buckets=desc.buckets
    )
    for values in product(*(label.values for label in desc.labels)):
        histogram.labels(*values)
    return histogram


def _known_code(code: str) -> str:
    is_status = code.isascii() and code.isdecimal() and 100 <= int(code) <= 599
    return code if is_status or code in NO_ANSWER else OTHER_CODE


class Instruments(Collector):
    """Counts and times the exporter's own work."""

    def __init__(self) -> None:
        # A setting of the whole process; a `_created` series beside each counter doubles a scrape.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped
        self._registry = CollectorRegistry()
        self._requests = _counter(REQUESTS, self._registry)
        self._durations = _histogram(REQUEST_DURATION, self._registry)
        self._processing = _histogram(CONTAINER_PROCESSING, self._registry)
        self._lags = _histogram(SCHEDULE_LAG, self._registry)
        self._in_flight = _gauge(POLLS_IN_FLIGHT, self._registry)
        self._collect_errors = _counter(COLLECT_ERRORS, self._registry)
        self._series_dropped = _counter(SERIES_DROPPED, self._registry)
        self._registrations = _counter(REGISTRATIONS, self._registry)
        self._store_errors = _counter(STORE_ERRORS, self._registry)
        self._fenced_writes = _counter(FENCED_WRITES, self._registry)
        self._clock_jumps = _counter(CLOCK_JUMPS, self._registry)
        self._token_reload_failures = _counter(TOKEN_RELOAD_FAILURES, self._registry)
        self._header_parse_errors = _counter(HEADER_PARSE_ERRORS, self._registry)
        for endpoint, code in product(Endpoint, ("200", *NO_ANSWER)):
            self._requests.labels(endpoint, code)
        for name in NAMES:
            self._collect_errors.labels(name)
        for result in RegistrationResult:
            self._registrations.labels(result)
        self._connections = _gauge(HTTP_CONNECTIONS, self._registry)
        self._requests_in_flight = _gauge(HTTP_REQUESTS_IN_FLIGHT, self._registry)
        self._connections_rejected = _counter(HTTP_CONNECTIONS_REJECTED, self._registry)
        for reason in ConnectionEnd:
            self._connections_rejected.labels(reason)
        for trouble in StoreTrouble:
            self._store_errors.labels(trouble)

    def request_finished(self, endpoint: Endpoint, code: str, seconds: float) -> None:
        """Count a request; `code` is its HTTP status or why there was no answer."""
        self._requests.labels(endpoint, _known_code(code)).inc()
        self._durations.labels(endpoint).observe(max(0.0, seconds))

    def poll_started(self, poll: Poll, lag_seconds: float) -> None:
        self._lags.labels(poll).observe(max(0.0, lag_seconds))
        self._in_flight.inc()

    def poll_finished(self) -> None:
        self._in_flight.dec()

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        """Record how long a container took from registration to FINISHED or ERROR."""
        self._processing.labels(outcome).observe(max(0.0, seconds))

    def collect_failed(self, metric: str) -> None:
        self._collect_errors.labels(metric).inc()

    def series_dropped(self, count: int) -> None:
        self._series_dropped.inc(count)

    def registered(self, result: RegistrationResult, count: int = 1) -> None:
        """Count containers that were to be registered."""
        self._registrations.labels(result).inc(count)

    def store_failed(self, trouble: StoreTrouble) -> None:
        self._store_errors.labels(trouble).inc()

    def writes_fenced(self, count: int) -> None:
        self._fenced_writes.inc(count)

    def clock_jumped(self) -> None:
        self._clock_jumps.inc()

    def headers_unreadable(self, count: int) -> None:
        self._header_parse_errors.inc(count)

    def token_reload_failed(self) -> None:
        self._token_reload_failures.inc()

    def connection_opened(self) -> None:
        self._connections.inc()

    def connection_closed(self) -> None:
        self._connections.dec()

    def connection_ended(self, reason: ConnectionEnd) -> None:
        """Count a connection that the exporter, not the client, ended."""
        self._connections_rejected.labels(reason).inc()

    def request_arrived(self) -> None:
        self._requests_in_flight.inc()

    def request_answered(self) -> None:
        self._requests_in_flight.dec()

    def collect(self) -> Iterator[Metric]:
        yield from (family for family in self._registry.collect() if family.samples)
