"""Every metric that observations fill: what it is, and how to read it from one of them."""

from exporter.metrics.rows import account, container, exporter, poll, quota, token
from exporter.metrics.rows.container import STATUS_ROW
from exporter.metrics.rows.row import AnyAccountRow, ExporterRow

ACCOUNT_ROWS: tuple[AnyAccountRow, ...] = (
    *account.ROWS,
    *quota.ROWS,
    *token.ROWS,
    *container.ROWS,
    *poll.ROWS,
)
EXPORTER_ROWS: tuple[ExporterRow, ...] = exporter.ROWS
NAMES = (
    *(row.desc.name for row in ACCOUNT_ROWS),
    STATUS_ROW.desc.name,
    *(row.desc.name for row in EXPORTER_ROWS),
)
