"""The exporter itself: its polls, its requests to Meta, its limits, its store and its processes."""

from alerts.thresholds import DEFAULT
from dashboards import links, looks, measures
from dashboards.account_sources import account_sources
from dashboards.document import Document
from dashboards.instances import LOADED, instances_and_processes
from dashboards.looks import GREEN, ORANGE, RED, Nothing
from dashboards.measures import TOP
from dashboards.panels import Graph, Stat, Timeline
from dashboards.promql import CHOSEN, Pattern, selector
from dashboards.shared import REGISTRATION_COLOURS, account_column, errors_table, failures_graph
from dashboards.tables import BAR, COLOURED, Name, Table, Value
from dashboards.variables import any_accounts, exporter_variables
from dashboards.web_server import web_server

_RATE = "$__rate_interval"
# No whole answer, or one that tells of a fault of Meta.
_BROKEN = Pattern("5..|[a-z_]+")


def exporter() -> Document:
    return Document(
        uid=links.EXPORTER,
        description="The exporter itself: polls, requests to Meta, limits, store, web server and"
        " processes.",
        variables=(*exporter_variables(), any_accounts()),
        rows={
            "Summary": _summary(),
            "Polls": (_polls(), failures_graph(CHOSEN), _lag(), _in_flight(), _ages()),
            "Requests to Meta": (_requests(), _durations(), _slowness()),
            "Errors of Meta": (errors_table(CHOSEN, Name("category", "Category", 130)),),
            "Limits": (_budgets(), _usage(), _paused(), _pauses(), _unreadable_headers()),
            "Store, configuration and tokens": (
                _health(),
                _registrations(),
                _faults(),
                _store_failures(),
                _tokens_not_read(),
                account_sources(),
            ),
            "Web server": web_server(),
            "Instances and their processes": instances_and_processes(),
        },
    )


def _summary() -> tuple[Stat, ...]:
    up = selector("up")
    polls = CHOSEN.series("threads_polls_total", "15m")
    failures = CHOSEN.series("threads_poll_failures_total", "15m")
    return (
        Stat(
            "Exporters up",
            "Exporters that Prometheus scraped last time.",
            {"": f"sum({up})"},
            looks.UP,
        ),
        Stat(
            "Exporters down",
            "Exporters that Prometheus could not scrape last time.",
            {"": f"count({up} == 0) or 0 * count({up})"},
            looks.NONE_IS_FINE,
        ),
        Stat(
            "Version",
            "The version that runs; several during an update.",
            {"{{version}}": f"count by (version) ({CHOSEN.series('threads_exporter_build_info')})"},
            looks.COUNT,
            names=True,
        ),
        Stat(
            "Accounts",
            "Accounts that the exporter polls.",
            {"": measures.accounts(CHOSEN)},
            looks.COUNT,
            link=links.of_dashboard(links.OVERVIEW),
        ),
        Stat(
            "Polls failed",
            "The share of the polls of the last 15 minutes that failed, whatever the reason.",
            {"": f"(sum(increase({failures})) or 0 * sum({up})) / (sum(increase({polls})) > 0)"},
            looks.SHARE_OF_POLLS,
            nothing=Nothing("none polled"),
        ),
        Stat(
            "Requests failed",
            "The share of the requests to Meta in the last 15 minutes that got no whole answer, or"
            " one with status 500 and above. Refusals, which are about an account, do not count.",
            {"": _broken_requests("15m")},
            looks.SHARE_OF_POLLS,
            nothing=Nothing("none made"),
        ),
        Stat(
            "Schedule lag, p99",
            "How much later than scheduled polls started in the last 15 minutes: 99 of 100 no later"
            " than this.",
            {"": _lag_quantile()},
            looks.LAG,
            nothing=Nothing("none polled"),
        ),
        Stat(
            "Config loaded",
            "How long ago the configuration in use was loaded, by the exporter that did so last.",
            {"": f"time() - max({CHOSEN.series(LOADED)})"},
            looks.DURATION,
        ),
    )


def _broken_requests(window: str) -> str:
    """Share of the requests that Meta or the network failed; refusals are an account's own."""
    broken = CHOSEN.series("threads_api_requests_total", window, code=_BROKEN)
    made = CHOSEN.series("threads_api_requests_total", window)
    return f"sum(increase({broken})) / (sum(increase({made})) > 0)"


def _lag_quantile(*by: str) -> str:
    lags = CHOSEN.series("threads_exporter_schedule_lag_seconds_bucket", "15m")
    return measures.quantile(0.99, lags, *by)


def _polls() -> Graph:
    polls = CHOSEN.recorded("job_poll:threads_polls:rate5m")
    return Graph(
        "Polls",
        "Polls of the Threads API, failed ones included, by what was asked; of all instances and"
        " accounts, whichever are chosen.",
        {"{{poll}}": f"60 * sum by (poll) ({polls})"},
        looks.PER_MINUTE,
        stacked=True,
    )


def _lag() -> Graph:
    return Graph(
        "Schedule lag by poll, p99",
        "How much later than scheduled polls started: 99 of 100 no later than this, over 15"
        " minutes. If it grows, there are more polls than polling.max_in_flight can do in time.",
        {"{{poll}}": _lag_quantile("poll")},
        looks.SECONDS,
        span=8,
        limits=looks.limit(DEFAULT.schedule_lag_seconds),
        nothing="No poll in this time",
    )


def _in_flight() -> Graph:
    flying = CHOSEN.series("threads_exporter_polls_in_flight", _RATE)
    return Graph(
        "Polls in flight",
        "Polls that have started and not yet ended, by instance; the most in each step.",
        {"{{instance}}": f"max by (instance) (max_over_time({flying}))"},
        looks.COUNT,
        span=8,
    )


def _ages() -> Graph:
    oldest = CHOSEN.recorded("job_poll:threads_poll_last_success_timestamp_seconds:min")
    return Graph(
        "Oldest answer",
        "How old the answer is of the account that has waited longest for one, by what was asked."
        " Accounts whose token is dead are left out. Containers are asked about only while there"
        " are unfinished ones. Of all instances and accounts, whichever are chosen.",
        {"{{poll}}": f"time() - min by (poll) ({oldest})"},
        looks.SECONDS,
        span=8,
    )


def _requests() -> Graph:
    requests = CHOSEN.series("threads_api_requests_total")
    return Graph(
        "Requests, by code",
        "HTTP requests to the Threads API by the status of the answer, or by why there was none:"
        " connect, dns, tls, timeout, truncated, too_large, malformed, internal.",
        {"{{code}}": measures.rates_that_happened(requests, "code")},
        looks.REQUESTS,
        span=8,
        stacked=True,
        colours={"200": GREEN},
        nothing="No request",
    )


def _durations() -> Graph:
    buckets = CHOSEN.series("threads_api_request_duration_seconds_bucket", "15m")
    return Graph(
        "Request duration, p99",
        "How long requests take, from name resolution to the last byte: 99 of 100 no longer than"
        " this, over 15 minutes.",
        {"{{endpoint}}": measures.quantile(0.99, buckets, "endpoint")},
        looks.SECONDS,
        span=8,
        nothing="No request in this time",
    )


def _slowness() -> Graph:
    seconds = CHOSEN.series("threads_api_request_duration_seconds_sum", _RATE)
    requests = CHOSEN.series("threads_api_request_duration_seconds_count", _RATE)
    return Graph(
        "Request duration, mean",
        "How long requests take on average, by endpoint.",
        {
            "{{endpoint}}": f"sum by (endpoint) (rate({seconds}))"
            f" / (sum by (endpoint) (rate({requests})) > 0)"
        },
        looks.SECONDS,
        span=8,
        nothing="No request",
    )


def _budgets() -> Table:
    share = measures.top(f"({measures.budget_share(CHOSEN)})")
    return Table(
        f"Call budgets (top {TOP})",
        "Calls that the exporter made with an account's token in the last 24 hours, against"
        " polling.call_budget. Once it is spent the account is not polled.",
        (
            account_column(),
            Value(share, "Spent", looks.BUDGET_SHARE, BAR, 160),
            Value(
                measures.of_those(measures.newest(CHOSEN, "threads_api_calls_24h"), share),
                "Calls",
                looks.COUNT,
                width=90,
            ),
            Value(
                measures.of_those(measures.newest(CHOSEN, "threads_api_call_budget"), share),
                "Budget",
                looks.COUNT,
                width=100,
            ),
        ),
        sort="Spent",
        span=10,
    )


def _usage() -> Table:
    usage = measures.newest(CHOSEN, "threads_api_usage_ratio", "resource")
    return Table(
        f"Meta's own rate limit (top {TOP})",
        "The share that is spent of Meta's rate limit, as its usage headers tell. Meta leaves them"
        " out while little is spent.",
        (
            account_column(),
            Name("resource", "Resource", 130),
            Value(measures.top(usage), "Spent", looks.USAGE_SHARE, BAR, 160),
        ),
        sort="Spent",
        span=8,
        nothing="Meta sends no usage",
    )


def _paused() -> Table:
    return Table(
        f"Paused accounts (top {TOP})",
        "Accounts that the exporter makes no call for, because Meta answered with a rate limit, and"
        " for how long. Accounts that share an app are paused together by an app's limit.",
        (
            account_column(),
            Value(
                measures.top(f"({measures.pause_left(CHOSEN)})"),
                "Paused for",
                looks.PAUSE,
                COLOURED,
                130,
            ),
        ),
        sort="Paused for",
        span=6,
        nothing="No account is paused",
    )


def _pauses() -> Graph:
    paused = CHOSEN.series("threads_exporter_paused_scopes")
    return Graph(
        "Pauses, by scope",
        "How many accounts, Meta apps and inspectors make no call, because Meta limits or restricts"
        " them, or nearly does. A pause of an app holds back all its accounts.",
        {"{{scope}}": f"sum by (scope) ({paused})"},
        looks.COUNT,
        height=6,
    )


def _unreadable_headers() -> Graph:
    headers = CHOSEN.series("threads_exporter_header_parse_errors_total")
    return Graph(
        "Rate limit headers not understood",
        "Headers of Meta's answers on what is spent of its rate limit, or on how long to wait, that"
        " are not as documented. What cannot be read of them is ignored.",
        {"{{instance}}": measures.rates_that_happened(headers, "instance")},
        looks.PER_MINUTE,
        height=6,
        nothing="All were understood",
    )


def _health() -> Timeline:
    checks = {
        "store": "threads_exporter_store_up",
        "config": "threads_exporter_config_last_reload_successful",
        "inspector": "threads_exporter_inspector_token_valid",
    }
    labelled = (
        f'label_replace(min by (instance) ({CHOSEN.series(name)}), "check", "{check}", "", "")'
        for check, name in checks.items()
    )
    return Timeline(
        "Health",
        "Whether the store can be written, the last reload of the configuration succeeded, and the"
        " inspector's token is valid, by instance. What is not in use is not shown.",
        {"{{check}} {{instance}}": " or ".join(labelled)},
        looks.yes_or_no("well", "broken"),
        span=10,
        height=7,
    )


def _registrations() -> Graph:
    registered = CHOSEN.series("threads_exporter_registrations_total", _RATE)
    return Graph(
        "Registrations, by result",
        "Containers that publishers registered over the API. full means that"
        " containers.max_tracked is reached, unavailable that the store cannot be written.",
        {"{{result}}": f"60 * sum by (result) (rate({registered}))"},
        looks.PER_MINUTE,
        span=7,
        height=7,
        stacked=True,
        colours=REGISTRATION_COLOURS,
    )


def _faults() -> Graph:
    left_out = CHOSEN.series("threads_exporter_series_dropped_total", _RATE)
    faults = CHOSEN.series("threads_exporter_collect_errors_total", _RATE)
    return Graph(
        "Left out of scrapes",
        "What scrapes left out: accounts out of metrics, because of a fault of the exporter (its"
        " log has the traceback, please report it), and series of threads_container_status, because"
        " there were more containers than are shown.",
        {
            "faults": f"60 * sum(rate({faults}))",
            "containers too many": f"60 * sum(rate({left_out}))",
        },
        looks.PER_MINUTE,
        span=7,
        height=7,
        colours={"faults": RED, "containers too many": ORANGE},
    )


def _store_failures() -> Graph:
    failures = CHOSEN.series("threads_exporter_store_errors_total")
    return Graph(
        "Store failures, by kind",
        "Times that the store of containers and of spent calls could not be used, and why. The"
        " log names the place and the remedy.",
        {"{{kind}}": measures.rates_that_happened(failures, "kind")},
        looks.PER_MINUTE,
        height=6,
        stacked=True,
        nothing="The store never failed",
    )


def _tokens_not_read() -> Graph:
    failures = CHOSEN.series("threads_exporter_token_reload_failures_total")
    return Graph(
        "New tokens not read",
        "Attempts to read a token's changed file that failed. The token from before is still in"
        " use; the log names the file and the mistake.",
        {"{{instance}}": measures.rates_that_happened(failures, "instance")},
        looks.PER_MINUTE,
        height=6,
        nothing="Every new token was read",
    )
