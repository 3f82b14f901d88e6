from collections.abc import Callable, Iterator

from exporter.domain import FailureReason, Quota, QuotaKind
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples, Stability
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation

QUOTA = Label("quota", values=tuple(QuotaKind))
REFUSAL = Label("reason", values=(FailureReason.PERMISSION, FailureReason.UNSUPPORTED))
FRESH = "after a successful quota poll, and no longer than `polling.stale_after` after the last one"


def _of_fresh_quotas(
    read: Callable[[Quota], int | None],
) -> Callable[[AccountObservation, Context], Samples]:
    def samples(observation: AccountObservation, context: Context) -> Iterator[Sample]:
        reading = observation.quota_reading
        if reading is None or not context.is_fresh(reading.read_at):
            return
        for kind, quota in reading.quotas.items():
            value = read(quota)
            if value is not None:
                yield (kind,), value

    return samples


def _refused(observation: AccountObservation, _: Context) -> Iterator[Sample]:
    for kind, reason in observation.refused_quotas.items():
        yield (kind, reason), 1


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
        _of_fresh_quotas(lambda quota: quota.usage),
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
        _of_fresh_quotas(lambda quota: quota.limit),
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
        _of_fresh_quotas(lambda quota: quota.window_seconds),
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
    ),
)
