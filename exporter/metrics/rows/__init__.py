"""Every metric that observations fill: what it is, and how to read it from one of them."""

from exporter.metrics.rows import account, container, exporter, poll, quota, token
from exporter.metrics.rows.row import AccountRow, ExporterRow

ACCOUNT_ROWS: tuple[AccountRow, ...] = (
    *account.ROWS,
    *quota.ROWS,
    *token.ROWS,
    *container.ROWS,
    *poll.ROWS,
)
EXPORTER_ROWS: tuple[ExporterRow, ...] = exporter.ROWS
NAMES = (
    *(row.desc.name for row in ACCOUNT_ROWS),
    *(row.desc.name for row in EXPORTER_ROWS),
)
