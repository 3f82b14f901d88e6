"""Every metric that `/metrics` tells of the exporter's own, by name."""

from collections.abc import Mapping

from exporter.metrics.desc import Desc
from exporter.metrics.instruments import (
    CLOCK_JUMPS,
    COLLECT_ERRORS,
    CONTAINER_PROCESSING,
    FENCED_WRITES,
    HEADER_PARSE_ERRORS,
    HTTP_CONNECTIONS,
    HTTP_CONNECTIONS_REJECTED,
    HTTP_REQUESTS_IN_FLIGHT,
    POLLS_IN_FLIGHT,
    REGISTRATIONS,
    REQUEST_DURATION,
    REQUESTS,
    SCHEDULE_LAG,
    SERIES_DROPPED,
    STORE_ERRORS,
    TOKEN_RELOAD_FAILURES,
)
from exporter.metrics.rows import ACCOUNT_ROWS, EXPORTER_ROWS
from exporter.metrics.rows.container import STATUS_ROW

INSTRUMENTS = (
    CLOCK_JUMPS,
    TOKEN_RELOAD_FAILURES,
    REQUESTS,
    REQUEST_DURATION,
    HEADER_PARSE_ERRORS,
    CONTAINER_PROCESSING,
    SCHEDULE_LAG,
    POLLS_IN_FLIGHT,
    REGISTRATIONS,
    STORE_ERRORS,
    FENCED_WRITES,
    SERIES_DROPPED,
    COLLECT_ERRORS,
    HTTP_CONNECTIONS,
    HTTP_REQUESTS_IN_FLIGHT,
    HTTP_CONNECTIONS_REJECTED,
)
METRICS: Mapping[str, Desc] = {
    desc.name: desc
    for desc in (
        *(row.desc for row in ACCOUNT_ROWS),
        STATUS_ROW.desc,
        *(row.desc for row in EXPORTER_ROWS),
        *INSTRUMENTS,
    )
}
