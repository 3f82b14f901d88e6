"""Where accounts come from over HTTP."""

from dashboards import looks
from dashboards.promql import CHOSEN
from dashboards.tables import COLOURED, Name, Table, Value

_FAILURES = "threads_exporter_account_discovery_failures_total"
_SUCCESS_AT = "threads_exporter_account_discovery_last_success_timestamp_seconds"
_BY = "by (instance, source)"


def account_sources() -> Table:
    accounts = CHOSEN.series("threads_exporter_discovered_accounts")
    return Table(
        "Sources of accounts",
        "The entries of account_http_sd, counted from 0: how many accounts of its last good answer"
        " an instance polls, how old that is, and how often a source gave none in the last hour."
        " While one fails, the log names the trouble and the remedy.",
        (
            Name("instance", "Instance", 220),
            Name("source", "Source", 90),
            Value(f"max {_BY} ({accounts})", "Accounts", looks.COUNT, width=110),
            Value(
                f"time() - max {_BY} ({CHOSEN.series(_SUCCESS_AT)})",
                "Last good answer ago",
                looks.DURATION,
            ),
            Value(
                f"max {_BY} (increase({CHOSEN.series(_FAILURES, '1h')}))",
                "Failures in the last hour",
                looks.NONE_IS_FINE,
                COLOURED,
            ),
        ),
        sort="Failures in the last hour",
        span=24,
        height=6,
        nothing="All accounts are in files",
    )
