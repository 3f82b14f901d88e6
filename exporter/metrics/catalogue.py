"""Every metric that `/metrics` tells of the exporter's own, by name."""

from collections.abc import Mapping

from exporter.metrics.desc import Desc
from exporter.metrics.instruments import (
    COLLECT_ERRORS,
    CONTAINER_PROCESSING,
    POLLS_IN_FLIGHT,
    REGISTRATIONS,
    REQUEST_DURATION,
    REQUESTS,
    SCHEDULE_LAG,
    SERIES_DROPPED,
)
from exporter.metrics.rows import ACCOUNT_ROWS, EXPORTER_ROWS
from exporter.metrics.rows.container import STATUS_ROW

INSTRUMENTS = (
    REQUESTS,
    REQUEST_DURATION,
    CONTAINER_PROCESSING,
    SCHEDULE_LAG,
    POLLS_IN_FLIGHT,
    REGISTRATIONS,
    SERIES_DROPPED,
    COLLECT_ERRORS,
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
