"""The media containers of all accounts: how many end how, how long they take, what goes wrong."""

from alerts.thresholds import DEFAULT
from dashboards import links, looks, measures
from dashboards.document import Document
from dashboards.looks import BLUE, GREEN, Nothing
from dashboards.measures import TOP
from dashboards.panels import Graph, Stat
from dashboards.promql import CHOSEN
from dashboards.shared import (
    REGISTRATION_COLOURS,
    STATUS_COLOURS,
    account_column,
    outcomes_graph,
    statuses_graph,
)
from dashboards.tables import BAR, COLOURED, Name, Table, Value
from dashboards.variables import any_accounts, exporter_variables
from exporter.domain import ContainerOutcome, ContainerStatus

_QUANTILES = {"p99": 0.99, "p90": 0.9, "p50": 0.5}


def containers() -> Document:
    return Document(
        uid=links.CONTAINERS,
        description="Media containers: throughput, time to finish, and what goes wrong.",
        variables=(*exporter_variables(), any_accounts()),
        rows={
            "Summary": _summary(),
            "Throughput": (
                outcomes_graph(CHOSEN),
                statuses_graph(CHOSEN),
                _registrations(),
                _failure_share(),
            ),
            "Time to finish": (
                _durations(ContainerStatus.FINISHED),
                _durations(ContainerStatus.ERROR),
                _oldest(),
                _unfinished(),
            ),
            "What goes wrong": (_messages_graph(), _messages(), _abandoned(), _failing()),
        },
    )


def _summary() -> tuple[Stat, ...]:
    unfinished = CHOSEN.series("threads_containers", status=measures.UNFINISHED)
    waiting = CHOSEN.series("threads_containers", status=ContainerStatus.FINISHED)
    return (
        Stat(
            "Unfinished",
            "Tracked containers that Meta has not finished: PENDING, IN_PROGRESS and OTHER.",
            {"": f"sum(max by (account, status) ({unfinished}))"},
            looks.COUNT,
        ),
        Stat(
            "Unpublished",
            "Containers that Meta finished, and that nobody published yet. They expire 24 hours"
            " after they were created.",
            {"": f"sum(max by (account, status) ({waiting}))"},
            looks.COUNT,
        ),
        _ended("Published (1 h)", "were published", (ContainerOutcome.PUBLISHED,), None),
        Stat(
            "Failed (1 h)",
            "Of the containers that ended in the last hour, the share that ended as ERROR, gave_up"
            " or lost.",
            {"": measures.failure_share_of_all(CHOSEN)},
            looks.FAILURE_SHARE,
            nothing=Nothing("none ended"),
        ),
        _ended("Expired (1 h)", "were not published in 24 hours", (ContainerOutcome.EXPIRED,), 1),
        _ended(
            "Gave up (1 h)",
            "were still unfinished when their polling ended, or are not known to Meta",
            (ContainerOutcome.GAVE_UP, ContainerOutcome.LOST),
            1,
        ),
        Stat(
            "p90 to finish",
            "The time within which nine of ten containers finished, in the last hour. It is as fine"
            " as the polls are frequent.",
            {"": _quantile(0.9, ContainerStatus.FINISHED, "1h")},
            looks.SECONDS,
            nothing=Nothing("none finished"),
        ),
        Stat(
            "Oldest unfinished",
            "How long ago the oldest unfinished container was registered.",
            {"": f"time() - min({CHOSEN.series(measures.OLDEST)})"},
            looks.UNFINISHED_AGE,
            nothing=Nothing("none", GREEN),
        ),
    )


def _ended(title: str, what: str, outcomes: tuple[ContainerOutcome, ...], bad: int | None) -> Stat:
    ended = CHOSEN.series("threads_container_outcomes_total", "1h", outcome=outcomes)
    return Stat(
        title,
        f"Containers that {what}, in the last hour.",
        {"": f"sum(increase({ended}))"},
        looks.COUNT if bad is None else looks.NONE_IS_BEST,
    )


def _quantile(share: float, outcome: ContainerStatus, window: str) -> str:
    buckets = CHOSEN.series("threads_container_processing_seconds_bucket", window, outcome=outcome)
    return measures.quantile(share, buckets)


def _durations(outcome: ContainerStatus) -> Graph:
    return Graph(
        f"Time until {outcome}",
        f"From a container's registration to the poll that first saw it as {outcome}, over the"
        " last 15 minutes. It is as fine as the polls are frequent.",
        {name: _quantile(share, outcome, "15m") for name, share in _QUANTILES.items()},
        looks.SECONDS,
        height=7,
        nothing=f"None became {outcome}",
    )


def _registrations() -> Graph:
    registered = CHOSEN.series("threads_exporter_registrations_total", "$__rate_interval")
    return Graph(
        "Registrations, by result",
        "Containers that publishers registered over the API. created and known are good; refused is"
        " a mistake of the publisher, rate_limited and unavailable mean that it has to try again,"
        " full that containers.max_tracked is reached. Containers from files are not counted.",
        {"{{result}}": f"60 * sum by (result) (rate({registered}))"},
        looks.PER_MINUTE,
        height=7,
        stacked=True,
        colours=REGISTRATION_COLOURS,
    )


def _failure_share() -> Graph:
    return Graph(
        "Share of containers that failed",
        "Of the containers that ended in the hour before, the share that ended as ERROR, gave_up or"
        " lost.",
        {"failed": measures.failure_share_of_all(CHOSEN)},
        looks.SHARE,
        height=7,
        colours={"failed": BLUE},
        limits=looks.limit(DEFAULT.container_failure_share),
        nothing="None ended",
    )


def _oldest() -> Table:
    oldest = measures.top(measures.age(CHOSEN, measures.OLDEST))
    unfinished = CHOSEN.series("threads_containers", status=measures.UNFINISHED)
    count = f"sum by (account) (max by (account, status) ({unfinished}))"
    return Table(
        f"Oldest unfinished containers (top {TOP})",
        "The accounts whose oldest unfinished container has waited longest, and how many of theirs"
        " are unfinished.",
        (
            account_column(),
            Value(oldest, "Oldest", looks.UNFINISHED_AGE, COLOURED, 150),
            Value(measures.of_those(count, oldest), "Unfinished", looks.COUNT, width=110),
        ),
        sort="Oldest",
        nothing="No container is unfinished",
    )


def _unfinished() -> Graph:
    unfinished = measures.tracked(CHOSEN, status=measures.UNFINISHED)
    return Graph(
        "Unfinished containers",
        "Tracked containers that Meta has not finished, by what it last told: PENDING was never"
        " answered yet, OTHER is a status that Meta added.",
        {"{{status}}": f"sum by (status) ({unfinished})"},
        looks.COUNT,
        colours=STATUS_COLOURS,
    )


def _messages_graph() -> Graph:
    errors = CHOSEN.series("threads_container_errors_total")
    return Graph(
        "Error messages",
        "Why containers ended as ERROR, in Meta's words. OTHER is a message that Meta does not"
        " document.",
        {"{{error_message}}": measures.rates_that_happened(errors, "error_message")},
        looks.PER_MINUTE,
        stacked=True,
        nothing="No container failed",
    )


def _messages() -> Table:
    errors = CHOSEN.series("threads_container_errors_total", "$__range")
    counted = f"sum by (account, error_message) (increase({errors})) > 0"
    return Table(
        f"Error messages by account (top {TOP})",
        "The accounts and messages with which containers ended most as ERROR, in the time shown.",
        (
            account_column(),
            Name("error_message", "Message"),
            Value(measures.top(f"({counted})"), "Containers", looks.COUNT, width=110),
        ),
        sort="Containers",
        nothing="No container failed in this time",
    )


def _abandoned() -> Table:
    abandoned = (ContainerOutcome.EXPIRED, ContainerOutcome.GAVE_UP, ContainerOutcome.LOST)
    worst = measures.top(f"({measures.outcomes(CHOSEN, '$__range', outcome=abandoned)} > 0)")
    return Table(
        f"Expired, given up and lost (top {TOP})",
        "Containers that were not published in 24 hours, that were still unfinished when their"
        " polling ended, and that Meta does not know, in the time shown.",
        (
            account_column(),
            Value(worst, "Together", looks.COUNT, width=100),
            *(
                Value(
                    measures.of_those(
                        measures.outcomes(CHOSEN, "$__range", outcome=outcome), worst
                    ),
                    title,
                    looks.COUNT,
                    width=100,
                )
                for title, outcome in zip(("Expired", "Gave up", "Lost"), abandoned, strict=True)
            ),
        ),
        sort="Together",
        nothing="None in this time",
    )


def _failing() -> Table:
    failed = measures.outcomes(CHOSEN, "$__range", outcome=measures.FAILED)
    ended = measures.outcomes(CHOSEN, "$__range", outcome=measures.ENDED)
    share = measures.top(f"({failed} / ({ended} > 0) > 0)")
    return Table(
        f"Accounts whose containers fail (top {TOP})",
        "Of the containers that ended in the time shown, the share that ended as ERROR, gave_up or"
        " lost.",
        (
            account_column(),
            Value(share, "Share", looks.FAILURE_SHARE, BAR, 200),
            Value(measures.of_those(failed, share), "Failed", looks.COUNT, width=90),
            Value(measures.of_those(ended, share), "Ended", looks.COUNT, width=90),
        ),
        sort="Share",
        nothing="No container failed in this time",
    )
