"""What the dashboards show, as PromQL: one series for each account, whatever its instances."""

from dashboards.promql import Matched, Scope, label_values
from exporter.domain import ContainerOutcome, ContainerStatus

TOP = 20
OLDEST = "threads_container_oldest_unfinished_timestamp_seconds"
UNFINISHED = (ContainerStatus.PENDING, ContainerStatus.IN_PROGRESS, ContainerStatus.OTHER)
FAILED = (ContainerOutcome.ERROR, ContainerOutcome.GAVE_UP, ContainerOutcome.LOST)
ENDED = tuple(
    outcome
    for outcome in label_values("threads_container_outcomes_total", "outcome")
    if outcome != ContainerOutcome.REMOVED
)


def accounts(scope: Scope) -> str:
    return f"count(count by (account) ({scope.series('threads_account_info')}))"


def counted(vector: str, scope: Scope) -> str:
    """Count the series: 0 for none, and nothing where no exporter is scraped or no rule loaded."""
    return f"count({vector}) or 0 * sum({scope.recorded('job:threads_accounts:count')})"


def newest(scope: Scope, name: str, /, *by: str, **labels: Matched) -> str:
    """Take one value for each account, although two pods may tell it during a restart."""
    return f"max by ({', '.join(('account', *by))}) ({scope.series(name, **labels)})"


def top(vector: str, count: int = TOP) -> str:
    return f"topk({count}, {vector})"


def of_those(vector: str, chosen: str, *by: str) -> str:
    """Keep the series of the accounts in `chosen`."""
    return f"{vector} and on ({', '.join(('account', *by))}) {chosen}"


def recorded(scope: Scope, name: str, /, *by: str, **labels: Matched) -> str:
    """Take one value for each account of a recorded series, although two jobs may poll it."""
    return f"max by ({', '.join(('account', *by))}) ({scope.recorded(name, **labels)})"


def quota_ratio(scope: Scope) -> str:
    return recorded(scope, "account_quota:threads_quota_usage:ratio", "quota")


def fullest_quota(scope: Scope) -> str:
    return recorded(scope, "account:threads_quota_usage:max_ratio")


def quota_exhaustion(scope: Scope) -> str:
    """Seconds until the limit at the pace of the last hour; nothing where the usage falls."""
    return recorded(scope, "account_quota:threads_quota_exhaustion:seconds", "quota")


def failed_polls(scope: Scope) -> str:
    return recorded(scope, "account_poll:threads_poll_success:failed", "poll")


def failing_polls(scope: Scope) -> str:
    """Return the polls that fail now: not those of which one of long ago failed."""
    return recorded(scope, "account_poll:threads_poll_success:failing", "poll")


def tracked(scope: Scope, **labels: Matched) -> str:
    return recorded(scope, "account_status:threads_containers:max", "status", **labels)


def seconds_left(scope: Scope, name: str) -> str:
    return f"{newest(scope, name)} - time()"


def token_left(scope: Scope) -> str:
    return seconds_left(scope, "threads_token_expiry_timestamp_seconds")


def data_access_left(scope: Scope) -> str:
    return seconds_left(scope, "threads_token_data_access_expiry_timestamp_seconds")


def pause_left(scope: Scope) -> str:
    return f"{seconds_left(scope, 'threads_account_paused_until_timestamp_seconds')} > 0"


def age(scope: Scope, name: str, /, *by: str, **labels: Matched) -> str:
    return f"time() - {newest(scope, name, *by, **labels)}"


def last_success_age(scope: Scope, **labels: Matched) -> str:
    return age(scope, "threads_poll_last_success_timestamp_seconds", "poll", **labels)


def outcomes(scope: Scope, window: str, **labels: Matched) -> str:
    ended = scope.series("threads_container_outcomes_total", window, **labels)
    return f"sum by (account) (increase({ended}))"


def last_hours_outcomes(scope: Scope, **labels: Matched) -> str:
    """Select containers that ended in the last hour, of accounts that had any."""
    return scope.recorded("account_outcome:threads_container_outcomes:increase1h", **labels)


def failure_share(scope: Scope) -> str:
    """Share of the containers that ended in the last hour in a failure, of all that ended."""
    return recorded(scope, "account:threads_container_failures:ratio_increase1h")


def failure_share_of_all(scope: Scope) -> str:
    failed = f"sum({last_hours_outcomes(scope, outcome=FAILED)})"
    ended = f"sum({last_hours_outcomes(scope)})"
    return f"({failed} or 0 * {ended}) / {ended}"


def rates_that_happened(counter: str, by: str) -> str:
    """Return events a minute, without the series of which there was none in the time shown."""
    rates = f"60 * sum by ({by}) (rate({counter}[$__rate_interval]))"
    return f"{rates} and sum by ({by}) (increase({counter}[$__range])) > 0"


def quantile(share: float, buckets: str, *by: str) -> str:
    """Return a quantile of a histogram's increase; nothing, not NaN, where nothing was counted."""
    increase = f"sum by ({', '.join(('le', *by))}) (increase({buckets}))"
    return f"histogram_quantile({share:g}, {increase}) >= 0"


def dead_tokens(scope: Scope) -> str:
    return f"{newest(scope, 'threads_token_valid')} == 0"


def budget_share(scope: Scope) -> str:
    return recorded(scope, "account:threads_api_calls_24h:ratio")


def happened(counter: str, window: str) -> str:
    """Count events of a counter that is not there before its first event.

    `increase()` does not see the step from no series to 1.
    """
    new = f"({counter} unless {counter} offset {window})"
    return f"((increase({counter}[{window}]) > 0) unless {new}) or {new}"
