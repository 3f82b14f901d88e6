from collections.abc import Callable, Iterator, Mapping

from exporter.domain import FailureReason, Quota, QuotaKind
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples, Stability
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation

QUOTA = Label("quota", values=tuple(QuotaKind))
REFUSAL = Label("reason", values=(FailureReason.PERMISSION, FailureReason.UNSUPPORTED))
FRESH = "after a successful quota poll, and no longer than `polling.stale_after` after the last one"


def _fresh(observation: AccountObservation, context: Context) -> Mapping[QuotaKind, Quota]:
    reading = observation.quota_reading
    return reading.quotas if reading is not None and context.is_fresh(reading.read_at) else {}


def _each(
    read: Callable[[Quota], int | None],
) -> Callable[[Mapping[QuotaKind, Quota]], Samples]:
    def samples(quotas: Mapping[QuotaKind, Quota]) -> Iterator[Sample]:
        for kind in QuotaKind:
            value = read(quotas[kind]) if kind in quotas else None
            if value is not None:
                yield (kind,), value

    return samples


def _refused(observation: AccountObservation, _: Context) -> Mapping[QuotaKind, FailureReason]:
    return observation.refused_quotas


def _refusals(refused: Mapping[QuotaKind, FailureReason]) -> Iterator[Sample]:
    for kind in QuotaKind:
        if kind in refused:
            yield (kind, refused[kind]), 1


ROWS = (
    AccountRow(
        Desc(
            "threads_quota_usage",
            MetricType.GAUGE,
            "Actions that count against the quota in its rolling window, as last polled:"
            " quota_usage, reply_quota_usage, delete_quota_usage or location_search_quota_usage"
            " of threads_publishing_limit. Falls as actions leave the window.",
            (ACCOUNT, QUOTA),
            when=FRESH,
            promql="threads_quota_usage / threads_quota_limit > 0.9",
        ),
        _fresh,
        _each(lambda quota: quota.usage),
    ),
    AccountRow(
        Desc(
            "threads_quota_limit",
            MetricType.GAUGE,
            "Actions that the quota allows in its rolling window, as last polled: quota_total of"
            " the quota's config in threads_publishing_limit.",
            (ACCOUNT, QUOTA),
            when=f"{FRESH}; not when Meta leaves quota_total out",
            promql="threads_quota_limit - threads_quota_usage",
        ),
        _fresh,
        _each(lambda quota: quota.limit),
    ),
    AccountRow(
        Desc(
            "threads_quota_window_seconds",
            MetricType.GAUGE,
            "Length of the quota's rolling window, as last polled: quota_duration of the quota's"
            " config in threads_publishing_limit.",
            (ACCOUNT, QUOTA),
            when=f"{FRESH}; not when Meta leaves quota_duration out",
        ),
        _fresh,
        _each(lambda quota: quota.window_seconds),
    ),
    AccountRow(
        Desc(
            "threads_quota_refused",
            MetricType.GAUGE,
            "1 for a quota that Meta last refused to tell: the token lacks its permission, or the"
            " API does not know its field of threads_publishing_limit. The others are polled on.",
            (ACCOUNT, QUOTA, REFUSAL),
            when="while Meta refuses the quota",
            promql='threads_quota_refused{reason="permission"} == 1',
            stability=Stability.EXPERIMENTAL,
        ),
        _refused,
        _refusals,
    ),
)
