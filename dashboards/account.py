"""One account: what is wrong, its quotas, token, containers, errors and polls."""

from alerts.thresholds import DEFAULT
from dashboards import links, looks, measures
from dashboards.document import Document
from dashboards.looks import BLUE, GREEN, ORANGE, RED, Nothing
from dashboards.panels import Graph, Stat, Timeline
from dashboards.promql import ONE, label_values
from dashboards.shared import (
    errors_table,
    failures_graph,
    outcomes_graph,
    statuses_graph,
    what_is_wrong,
)
from dashboards.tables import BAR, COLOURED, Name, Table, Value
from dashboards.variables import exporter_variables, one_account
from exporter.domain import Poll


def account() -> Document:
    return Document(
        uid=links.ACCOUNT,
        description="One Threads account: its quotas, token, containers, errors and polls.",
        variables=(*exporter_variables(), one_account()),
        rows={
            "Summary": _summary(),
            "What is wrong": (what_is_wrong(ONE),),
            "Quotas": (_quotas(), _refused(), *_quota_graphs()),
            "Token": (*_token(), _validity(), _permissions()),
            "Containers": (statuses_graph(ONE), outcomes_graph(ONE), _messages(), _unfinished()),
            "Errors": (errors_table(ONE),),
            "Polls": (_polls(), _ages(), failures_graph(ONE), _calls(), _usage()),
        },
        since="now-24h",
    )


def _summary() -> tuple[Stat, ...]:
    unfinished = ONE.series("threads_containers", status=measures.UNFINISHED)
    return (
        Stat(
            "Token",
            "Whether Meta takes the token, as far as is known.",
            {"": measures.newest(ONE, "threads_token_valid")},
            looks.yes_or_no("valid", "invalid"),
        ),
        Stat(
            "Expires in",
            "How long the token lives. It can be refreshed while it lives; a dead one cannot.",
            {"": measures.token_left(ONE)},
            looks.TOKEN_LEFT,
            nothing=Nothing("not known"),
        ),
        Stat(
            "Fullest quota",
            "How much of the quota is used that is used most.",
            {"": measures.fullest_quota(ONE)},
            looks.QUOTA_SHARE,
        ),
        Stat(
            "Runs out in",
            "When the first quota is full, if its usage keeps the pace of the last hour.",
            {"": f"min({measures.quota_exhaustion(ONE)})"},
            looks.RUNS_OUT,
            nothing=Nothing("not in sight", GREEN),
        ),
        Stat(
            "Unfinished",
            "Tracked containers that Meta has not finished: PENDING, IN_PROGRESS and OTHER.",
            {"": f"sum(max by (account, status) ({unfinished}))"},
            looks.COUNT,
            link=links.of_dashboard(links.CONTAINERS),
        ),
        Stat(
            "Failed (1 h)",
            "Of the containers that ended in the last hour, the share that ended as ERROR, gave_up"
            " or lost.",
            {"": measures.failure_share(ONE)},
            looks.FAILURE_SHARE,
            link=links.of_dashboard(links.CONTAINERS),
            nothing=Nothing("none ended"),
        ),
        Stat(
            "Quota data age",
            "How old the quotas' numbers are.",
            {"": measures.last_success_age(ONE, poll=Poll.QUOTA)},
            looks.QUOTA_AGE,
            nothing=Nothing("never", ORANGE),
        ),
        Stat(
            "Paused for",
            "How long the exporter still makes no call, because Meta answered with a rate limit.",
            {"": measures.pause_left(ONE)},
            looks.PAUSE,
            nothing=Nothing("not paused", GREEN),
        ),
    )


def _quotas() -> Table:
    return Table(
        "Quotas",
        "Each quota against its limit in its rolling window. Runs out is when, if the usage keeps"
        " the pace of the last hour; empty where it falls or stands still. Refused is why Meta does"
        " not tell a quota.",
        (
            Name("quota", "Quota", 180),
            Value(measures.quota_ratio(ONE), "Used", looks.QUOTA_SHARE, BAR),
            Value(_quota("threads_quota_usage"), "Actions", looks.COUNT, width=110),
            Value(_quota("threads_quota_limit"), "Limit", looks.COUNT, width=110),
            Value(_quota("threads_quota_window_seconds"), "Window", looks.SECONDS, width=110),
            Value(measures.quota_exhaustion(ONE), "Runs out in", looks.RUNS_OUT, COLOURED, 160),
        ),
        sort="Used",
        hidden=("account",),
        span=16,
        height=7,
    )


def _quota(name: str) -> str:
    return measures.newest(ONE, name, "quota")


def _refused() -> Table:
    return Table(
        "Refused quotas",
        "Quotas that Meta does not tell: the token lacks their permission, or the API does not know"
        " their field.",
        (
            Name("quota", "Quota"),
            Name("reason", "Reason"),
            Value(
                measures.newest(ONE, "threads_quota_refused", "quota", "reason"),
                "Refused",
                looks.REFUSED,
                COLOURED,
            ),
        ),
        sort="Quota",
        hidden=("account",),
        falling=False,
        span=8,
        height=7,
        nothing="Meta tells every quota",
    )


def _quota_graphs() -> tuple[Graph, ...]:
    return tuple(
        Graph(
            quota.replace("_", " ").capitalize(),
            f"Actions that count against the {quota} quota in its rolling window, and its limit."
            " The usage falls as actions leave the window.",
            {
                "used": measures.newest(ONE, "threads_quota_usage", quota=quota),
                "limit": measures.newest(ONE, "threads_quota_limit", quota=quota),
            },
            looks.COUNT,
            span=6,
            height=7,
            colours={"used": BLUE, "limit": RED},
            dashed=("limit",),
            nothing="Meta does not tell this quota",
        )
        for quota in label_values("threads_quota_usage", "quota")
    )


def _token() -> tuple[Stat, ...]:
    return (
        Stat(
            "Issued",
            "How long ago the token was issued, or last refreshed.",
            {"": measures.age(ONE, "threads_token_issued_timestamp_seconds")},
            looks.DURATION,
            span=4,
            height=7,
            nothing=Nothing("not known"),
        ),
        Stat(
            "Data access ends in",
            "How long the user's grant to the app lasts. It ends on its own, whatever the token's"
            " life; the owner renews it by authorising the app again.",
            {"": measures.data_access_left(ONE)},
            looks.DATA_ACCESS_LEFT,
            span=4,
            height=7,
            nothing=Nothing("not known"),
        ),
    )


def _permissions() -> Table:
    return Table(
        "Permissions",
        "The permissions that the token holds, and those that it lacks and the polls need.",
        (
            Name("scope", "Permission"),
            Value(
                measures.newest(ONE, "threads_token_scope", "scope"),
                "Granted",
                looks.yes_or_no("yes", "missing"),
                COLOURED,
                110,
            ),
        ),
        sort="Granted",
        hidden=("account",),
        falling=False,
        span=8,
        height=7,
        nothing="Not known yet",
    )


def _validity() -> Timeline:
    return Timeline(
        "Token over time",
        "When the token was valid.",
        {"token": measures.newest(ONE, "threads_token_valid")},
        looks.yes_or_no("valid", "invalid"),
        span=8,
        height=7,
    )


def _messages() -> Table:
    errors = ONE.series("threads_container_errors_total", "$__range")
    return Table(
        "Error messages of containers",
        "Why containers ended as ERROR in the time shown, in Meta's words. OTHER is a message that"
        " Meta does not document.",
        (
            Name("error_message", "Message"),
            Value(
                f"sum by (error_message) (increase({errors})) > 0",
                "Containers",
                looks.COUNT,
                width=120,
            ),
        ),
        sort="Containers",
        nothing="No container failed in this time",
    )


def _unfinished() -> Graph:
    return Graph(
        "Age of the oldest unfinished container",
        "How long ago the oldest unfinished container was registered.",
        {"age": measures.age(ONE, measures.OLDEST)},
        looks.SECONDS,
        limits=looks.limit(DEFAULT.container_stuck_seconds),
        nothing="No container is unfinished",
    )


def _polls() -> Timeline:
    return Timeline(
        "Polls over time",
        "Whether the last poll of each kind succeeded.",
        {"{{poll}}": measures.newest(ONE, "threads_poll_success", "poll")},
        looks.yes_or_no("succeeded", "failed"),
    )


def _ages() -> Graph:
    return Graph(
        "Age of the last answers",
        "How old the values of this dashboard are. Containers are asked about only while there are"
        " unfinished ones.",
        {"{{poll}}": measures.last_success_age(ONE)},
        looks.SECONDS,
        height=6,
    )


def _calls() -> Graph:
    return Graph(
        "Calls in the last 24 hours",
        "Calls that the exporter made with the account's token, and its own budget of them"
        " (polling.call_budget).",
        {
            "calls": measures.newest(ONE, "threads_api_calls_24h"),
            "budget": measures.newest(ONE, "threads_api_call_budget"),
        },
        looks.COUNT,
        span=6,
        colours={"calls": BLUE, "budget": RED},
        dashed=("budget",),
    )


def _usage() -> Graph:
    return Graph(
        "Meta's own rate limit",
        "The share of it that is spent, as Meta's usage headers tell; nothing where Meta sends"
        " none.",
        {"{{resource}}": measures.newest(ONE, "threads_api_usage_ratio", "resource")},
        looks.SHARE,
        span=6,
        limits=looks.limit(DEFAULT.api_usage_high),
        nothing="Meta sends no usage",
    )
