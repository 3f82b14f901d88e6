"""Panels that stand on more than one dashboard, about one account or all."""

from grafana_foundation_sdk.models import units

from dashboards import links, looks, measures
from dashboards.conditions import Severity, worst_rows
from dashboards.looks import BLUE, GREEN, ORANGE, RED, YELLOW, Look
from dashboards.measures import TOP
from dashboards.panels import Graph
from dashboards.promql import Scope
from dashboards.tables import BACKGROUND, Name, Table, Value
from dashboards.troubles import troubles

SEVERITY = Look(
    units.Short,
    ranks=tuple(
        (severity, severity + 99, severity.name.lower(), colour)
        for severity, colour in (
            (Severity.CRITICAL, RED),
            (Severity.WARNING, ORANGE),
            (Severity.INFO, BLUE),
        )
    ),
)
OUTCOME_COLOURS = {
    "PUBLISHED": GREEN,
    "ERROR": RED,
    "EXPIRED": ORANGE,
    "gave_up": YELLOW,
    "lost": "purple",
    "removed": "gray",
}
STATUS_COLOURS = {
    "PENDING": "gray",
    "IN_PROGRESS": BLUE,
    "FINISHED": "super-light-green",
    "PUBLISHED": GREEN,
    "ERROR": RED,
    "EXPIRED": ORANGE,
    "OTHER": "purple",
}
REGISTRATION_COLOURS = {
    "created": GREEN,
    "known": BLUE,
    "refused": ORANGE,
    "rate_limited": YELLOW,
    "full": RED,
    "unavailable": "purple",
}

_TROUBLES = (
    "What is wrong now, how bad it is, and what helps. Each reason begins where its alert does;"
    " what another reason explains is left out."
)
_REASONS = (
    Name("reason", "What is wrong", 330),
    Name("detail", "How bad", 110),
    Name("remedy", "What helps"),
)


def account_column(uid: str = links.ACCOUNT, width: int | None = None) -> Name:
    return Name("account", "Account", width, links.of_row(uid, "Account"))


def accounts_in_trouble(scope: Scope, limit: int = 100) -> Table:
    return Table(
        "Accounts that need a hand",
        f"{_TROUBLES} The accounts that are worst come first. At most {limit} rows.",
        (_severity(scope, limit), account_column(width=260), *_REASONS),
        sort="Severity",
        span=24,
        height=11,
        nothing="Nobody needs a hand",
    )


def what_is_wrong(scope: Scope) -> Table:
    return Table(
        "What is wrong",
        _TROUBLES,
        (_severity(scope, TOP), *_REASONS),
        sort="Severity",
        span=24,
        height=6,
        hidden=("account",),
        nothing="Nothing is wrong",
    )


def _severity(scope: Scope, limit: int) -> Value:
    return Value(worst_rows(troubles(scope), limit), "Severity", SEVERITY, BACKGROUND, 90)


def outcomes_graph(scope: Scope, span: int = 12) -> Graph:
    ended = scope.recorded("account_outcome:threads_container_outcomes:rate5m")
    return Graph(
        "Containers ended, by outcome",
        "How the following of media containers ended. PUBLISHED is good; ERROR was refused by Meta,"
        " EXPIRED was not published within 24 hours, gave_up was still unfinished when the polling"
        " of it ended, lost is not known to Meta, removed was untracked.",
        {"{{outcome}}": f"60 * sum by (outcome) ({ended})"},
        looks.PER_MINUTE,
        span=span,
        stacked=True,
        colours=OUTCOME_COLOURS,
        nothing="None ended",
    )


def statuses_graph(scope: Scope, span: int = 12) -> Graph:
    return Graph(
        "Tracked containers, by status",
        "What Meta last told of the tracked media containers. An ended one counts for"
        " containers.retention; FINISHED waits for being published.",
        {"{{status}}": f"sum by (status) ({measures.tracked(scope)})"},
        looks.COUNT,
        span=span,
        stacked=True,
        colours=STATUS_COLOURS,
        nothing="None is tracked",
    )


def failures_graph(scope: Scope) -> Graph:
    failures = scope.series("threads_poll_failures_total")
    return Graph(
        "Failed polls, by reason",
        "Why polls failed. token_invalid and permission are the account's own; connect, dns, tls"
        " and timeout are the network's; rate_limited and budget pass.",
        {"{{reason}}": measures.rates_that_happened(failures, "reason")},
        looks.PER_MINUTE,
        stacked=True,
        nothing="No poll failed",
    )


def errors_table(scope: Scope, *leading: Name, limit: int = TOP) -> Table:
    """Return the errors of Meta with their solutions, apart by the leading columns."""
    by = ", ".join((*(name.label for name in leading), "error", "action", "source"))
    info = f"max by (error, solution) ({scope.series('threads_api_error_info')})"
    times = f"sum by ({by}) ({_seen_errors(scope)})"
    return Table(
        f"Errors that Meta answered (top {limit})",
        "Errors that Meta answered to polls, and those that publishers got and reported, in the"
        " time shown, with what the exporter's error catalogue says of each.",
        (
            *leading,
            Name("error", "Error", 260),
            Value(
                f"topk({limit}, {times} * on (error) group_left (solution) {info})",
                "Times",
                looks.COUNT,
                width=70,
            ),
            Name("source", "Seen by", 90),
            Name("action", "Action", 140),
            Name("solution", "Solution"),
        ),
        sort="Times",
        span=24,
        nothing="No error in this time",
    )


def _seen_errors(scope: Scope) -> str:
    sources = {"poll": "threads_api_errors_total", "publisher": "threads_reported_errors_total"}
    return " or ".join(
        f"label_replace({measures.happened(scope.series(name), '$__range')},"
        f' "source", "{source}", "", "")'
        for source, name in sources.items()
    )
