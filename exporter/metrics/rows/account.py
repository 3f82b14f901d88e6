from collections.abc import Iterator

from exporter.domain import UsageResource
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Stability
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation

RESOURCE = Label("resource", values=tuple(UsageResource))
USER_ID = Label("user_id", meaning="the account's `user_id` in the configuration, or `me`")


def _info(observation: AccountObservation, context: Context) -> Iterator[Sample]:
    identity = observation.identity
    labels = (identity.labels.get(name, "") for name in context.label_names)
    yield (identity.user_id, *labels), 1


def _usage_ratio(observation: AccountObservation, context: Context) -> Iterator[Sample]:
    reading = observation.usage_reading
    if reading is not None and context.is_fresh(reading.read_at):
        for resource, ratio in reading.ratios.items():
            yield (resource,), ratio


def _calls_24h(observation: AccountObservation, context: Context) -> Iterator[Sample]:
    yield (), context.calls_24h(observation.identity.name)


def _call_budget(_: AccountObservation, context: Context) -> Iterator[Sample]:
    yield (), context.call_budget


def _paused_until(observation: AccountObservation, context: Context) -> Iterator[Sample]:
    if observation.paused_until is not None and observation.paused_until > context.wall:
        yield (), observation.paused_until


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
    AccountRow(INFO, _info, configured_labels=True),
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
        _usage_ratio,
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
    ),
)
