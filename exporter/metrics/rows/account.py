from collections.abc import Iterator, Mapping

from exporter.domain import UsageResource
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Stability
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation

RESOURCE = Label("resource", values=tuple(UsageResource))
USER_ID = Label("user_id", meaning="the account's `user_id` in the configuration, or `me`")


def _info(
    observation: AccountObservation, context: Context
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the values with the configured labels' names: others make other lines."""
    identity, names = observation.identity, context.label_names
    return names, (identity.user_id, *(identity.labels.get(name, "") for name in names))


def _one(named: tuple[tuple[str, ...], tuple[str, ...]]) -> Iterator[Sample]:
    _, values = named
    yield values, 1


def _usage(observation: AccountObservation, context: Context) -> Mapping[UsageResource, float]:
    reading = observation.usage_reading
    return reading.ratios if reading is not None and context.is_fresh(reading.read_at) else {}


def _ratios(usage: Mapping[UsageResource, float]) -> Iterator[Sample]:
    for resource in UsageResource:
        if resource in usage:
            yield (resource,), usage[resource]


def _calls_24h(observation: AccountObservation, context: Context) -> float:
    return context.spent(observation.identity.name)


def _call_budget(_: AccountObservation, context: Context) -> float:
    return context.call_budget


def _paused_until(observation: AccountObservation, context: Context) -> float | None:
    until = observation.paused_until
    return until if until is not None and context.is_ahead(until) else None


def _value(value: float | None) -> Iterator[Sample]:
    if value is not None:
        yield (), value


INFO = Desc(
    "threads_account_info",
    MetricType.GAUGE,
    "A configured account with its labels, always 1.",
    (ACCOUNT, USER_ID),
    when="always; beside these labels every label that any account configures under"
    " `labels`, empty where an account has none of that name",
    promql="threads_token_valid * on (instance, account) group_left (team) threads_account_info",
)
ROWS = (
    AccountRow(INFO, _info, _one, configured_labels=True),
    AccountRow(
        Desc(
            "threads_api_usage_ratio",
            MetricType.GAUGE,
            "Share of Meta's own rate limit that is spent, 0 to 1, from the last usage header"
            " (X-App-Usage or X-Business-Use-Case-Usage) that came with a polled answer.",
            (ACCOUNT, RESOURCE),
            when="for `polling.stale_after` after an answer with such a header, which Meta need not"
            " ever send, and leaves out while little is spent",
            promql="max by (account) (threads_api_usage_ratio) > 0.8",
        ),
        _usage,
        _ratios,
    ),
    AccountRow(
        Desc(
            "threads_api_calls_24h",
            MetricType.GAUGE,
            "Calls that the exporter itself made with the account's token in the last 24 hours.",
            (ACCOUNT,),
            promql="threads_api_calls_24h / threads_api_call_budget > 0.9",
        ),
        _calls_24h,
        _value,
    ),
    AccountRow(
        Desc(
            "threads_api_call_budget",
            MetricType.GAUGE,
            "Calls that the exporter may make with the account's token in 24 hours"
            " (polling.call_budget of the configuration).",
            (ACCOUNT,),
        ),
        _call_budget,
        _value,
    ),
    AccountRow(
        Desc(
            "threads_account_paused_until_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time until which the exporter makes no call for the account, because Meta"
            " answered with a rate limit.",
            (ACCOUNT,),
            when="while the pause lasts",
            promql="threads_account_paused_until_timestamp_seconds - time()",
            stability=Stability.EXPERIMENTAL,
        ),
        _paused_until,
        _value,
    ),
)
