"""All accounts: which need a hand today, and why."""

from alerts.thresholds import DEFAULT
from dashboards import links, looks, measures
from dashboards.conditions import Severity, troubled
from dashboards.document import Document
from dashboards.firing import firing_alerts, firing_count
from dashboards.looks import GREEN, ORANGE, RED, YELLOW, Nothing
from dashboards.panels import Graph, Stat
from dashboards.promql import CHOSEN
from dashboards.shared import account_column, accounts_in_trouble, failures_graph, outcomes_graph
from dashboards.tables import BAR, COLOURED, Name, Table, Value
from dashboards.troubles import troubles
from dashboards.variables import any_accounts, exporter_variables

TOP = measures.TOP
_QUOTA_COLOURS = {
    "at the limit": RED,
    "nearly full": ORANGE,
    "more than half": YELLOW,
    "less than half": GREEN,
}


def overview() -> Document:
    return Document(
        uid=links.OVERVIEW,
        description="All Threads accounts: which need a hand today, and why.",
        variables=(*exporter_variables(), any_accounts()),
        rows={
            "Summary": _summary(),
            "Who needs a hand": (accounts_in_trouble(CHOSEN),),
            "Quotas": (_quota_bands(), _fullest_quotas()),
            "Tokens": (_token_bands(), _tokens()),
            "Containers": (outcomes_graph(CHOSEN), _failing_containers()),
            "Polls": (_failing_accounts(), failures_graph(CHOSEN)),
            "Alerts": (firing_alerts(),),
        },
    )


def _summary() -> tuple[Stat, ...]:
    soon = f"{measures.token_left(CHOSEN)} <= {DEFAULT.token_expiry_warning_seconds:g}"
    full = f"{measures.fullest_quota(CHOSEN)} >= {DEFAULT.quota_high:g}"
    return (
        Stat(
            "Accounts",
            "Accounts that the exporter polls.",
            {"": measures.accounts(CHOSEN)},
            looks.COUNT,
            link=links.of_dashboard(links.EXPORTER),
        ),
        _troubled(Severity.CRITICAL, "In trouble", looks.NONE_IS_FINE),
        _troubled(Severity.WARNING, "At risk", looks.NONE_IS_BEST),
        Stat(
            "Tokens to renew",
            "Accounts whose token is invalid, or expires within"
            f" {DEFAULT.token_expiry_warning_seconds / 86400:g} days.",
            {"": measures.counted(f"({measures.dead_tokens(CHOSEN)}) or ({soon})", CHOSEN)},
            looks.NONE_IS_BEST,
        ),
        Stat(
            "Quotas nearly full",
            f"Accounts with a quota that is used to {DEFAULT.quota_high:.0%} or more.",
            {"": measures.counted(full, CHOSEN)},
            looks.NONE_IS_BEST,
        ),
        Stat(
            "Polls failing",
            "Accounts of which a last poll failed, whatever the reason.",
            {"": measures.counted(f"count by (account) ({measures.failed_polls(CHOSEN)})", CHOSEN)},
            looks.NONE_IS_BEST,
        ),
        Stat(
            "Failed (1 h)",
            "Of the containers that ended in the last hour, the share that ended as ERROR, gave_up"
            " or lost.",
            {"": measures.failure_share_of_all(CHOSEN)},
            looks.FAILURE_SHARE,
            link=links.of_dashboard(links.CONTAINERS),
            nothing=Nothing("none ended"),
        ),
        firing_count(),
    )


def _troubled(severity: Severity, title: str, look: looks.Look) -> Stat:
    return Stat(
        title,
        f"Accounts with a trouble that is {severity.name.lower()}; the table below says which.",
        {"": measures.counted(troubled(troubles(CHOSEN), severity), CHOSEN)},
        look,
    )


def _quota_bands() -> Graph:
    bands = CHOSEN.recorded("job_band:threads_accounts:count")
    return Graph(
        "Accounts by their fullest quota",
        "How many accounts have used how much of the quota that they have used most:"
        f" nearly full is {DEFAULT.quota_high:.0%} and more. An account with no recent answer of"
        " Meta is not counted. Those of all accounts, whichever are chosen.",
        {"{{band}}": f"sum by (band) ({bands})"},
        looks.COUNT,
        span=9,
        height=9,
        stacked=True,
        colours=_QUOTA_COLOURS,
        nothing="No quota is known",
    )


def _fullest_quotas() -> Table:
    fullest = measures.top(measures.quota_ratio(CHOSEN))
    by = "quota"
    return Table(
        f"Fullest quotas (top {TOP})",
        "The quotas that are used most, in their rolling window. Runs out is when, if the usage"
        " keeps the pace of the last hour; empty where it falls or stands still.",
        (
            account_column(),
            Name("quota", "Quota", 140),
            Value(fullest, "Used", looks.QUOTA_SHARE, BAR, 200),
            Value(
                measures.of_those(measures.newest(CHOSEN, "threads_quota_usage", by), fullest, by),
                "Actions",
                looks.COUNT,
                width=80,
            ),
            Value(
                measures.of_those(measures.newest(CHOSEN, "threads_quota_limit", by), fullest, by),
                "Limit",
                looks.COUNT,
                width=80,
            ),
            Value(
                measures.of_those(measures.quota_exhaustion(CHOSEN), fullest, by),
                "Runs out in",
                looks.RUNS_OUT,
                COLOURED,
                130,
            ),
        ),
        sort="Used",
        span=15,
        height=9,
    )


def _token_bands() -> Stat:
    dead = measures.dead_tokens(CHOSEN)
    left = f"({measures.token_left(CHOSEN)} unless on (account) {dead})"
    critical = DEFAULT.token_expiry_critical_seconds
    warning = DEFAULT.token_expiry_warning_seconds
    bands = (
        ("invalid", dead, RED),
        (f"less than {critical / 86400:g} days", f"{left} <= {critical:g}", RED),
        (f"less than {warning / 86400:g} days", f"{left} > {critical:g} <= {warning:g}", ORANGE),
        ("more", f"{left} > {warning:g}", GREEN),
    )
    return Stat(
        "Tokens by time left",
        "How many tokens are invalid, and how many expire when. Of a token that Meta does not tell"
        " of, or that does not expire, there is no time left to show.",
        {name: measures.counted(vector, CHOSEN) for name, vector, _ in bands},
        looks.COUNT,
        span=9,
        height=8,
        colours={name: colour for name, _, colour in bands},
    )


def _tokens() -> Table:
    next_ones = f"bottomk({TOP}, {measures.token_left(CHOSEN)})"
    return Table(
        f"Tokens that expire next ({TOP})",
        "A token lives 60 days and can be refreshed while it lives; a dead one cannot. Data access"
        " is the user's grant to the app, which ends on its own.",
        (
            account_column(),
            Value(
                measures.of_those(measures.newest(CHOSEN, "threads_token_valid"), next_ones),
                "Token",
                looks.yes_or_no("valid", "invalid"),
                COLOURED,
                100,
            ),
            Value(next_ones, "Expires in", looks.TOKEN_LEFT, COLOURED, 170),
            Value(
                measures.of_those(measures.data_access_left(CHOSEN), next_ones),
                "Data access ends in",
                looks.DATA_ACCESS_LEFT,
                COLOURED,
                170,
            ),
        ),
        sort="Expires in",
        falling=False,
        span=15,
    )


def _failing_containers() -> Table:
    share = measures.top(f"({measures.failure_share(CHOSEN)} > 0)")
    failed = f"sum by (account) ({measures.last_hours_outcomes(CHOSEN, outcome=measures.FAILED)})"
    return Table(
        f"Accounts whose containers fail (top {TOP}, 1 h)",
        "Of the containers that ended in the last hour, the share that ended as ERROR, gave_up or"
        " lost.",
        (
            account_column(links.CONTAINERS),
            Value(share, "Failed", looks.FAILURE_SHARE, BAR, 220),
            Value(measures.of_those(failed, share), "Containers", looks.COUNT, width=110),
        ),
        sort="Failed",
        nothing="No container failed",
    )


def _failing_accounts() -> Graph:
    failed = measures.failed_polls(CHOSEN)
    return Graph(
        "Accounts whose polls fail",
        "How many accounts the last poll failed of, by what was asked.",
        {"{{poll}}": f"count by (poll) ({failed})"},
        looks.COUNT,
        nothing="No poll fails",
    )
