from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE

_QUOTA = "The {{ $labels.quota }} quota of {{ $labels.account }}"

GROUP = Group(
    "threads-exporter.quotas",
    (
        Alert(
            "ThreadsQuotaHigh",
            Severity.WARNING,
            "$quota_high <= account_quota:threads_quota_usage:ratio < 1",
            when="$quota_high of a quota or more is used, but not all of it",
            summary="A quota of a Threads account is nearly used up.",
            description=f"{_QUOTA} is used to {{{{ $value | humanizePercentage }}}}. Once all of it"
            " is used, Threads refuses more until the oldest actions leave the moving window: see"
            " what uses it, and put off what can wait.",
            dashboard=Dashboard.ACCOUNT,
            hold=5 * MINUTE,
            keep_firing=15 * MINUTE,
        ),
        Alert(
            "ThreadsQuotaExhausted",
            Severity.CRITICAL,
            "account_quota:threads_quota_usage:ratio >= 1",
            when="a quota is used up",
            summary="A quota of a Threads account is used up.",
            description=f"{_QUOTA} is used to {{{{ $value | humanizePercentage }}}}: Threads"
            " refuses more until the oldest actions leave the moving window. Stop what still tries,"
            " and go on when threads_quota_usage has fallen below threads_quota_limit.",
            dashboard=Dashboard.ACCOUNT,
            hold=MINUTE,
            keep_firing=15 * MINUTE,
        ),
        Alert(
            "ThreadsQuotaRunningOut",
            Severity.WARNING,
            """\
account_quota:threads_quota_exhaustion:seconds <= $quota_trend_seconds
and
account_quota:threads_quota_usage:ratio > $quota_trend_level""",
            when="more than $quota_trend_level of a quota is used, and at the pace of the last hour"
            " it is used up within $quota_trend_seconds",
            summary="A quota of a Threads account will soon be used up.",
            description=f"{_QUOTA} will be used up in {{{{ $value | humanizeDuration }}}} if it is"
            " used on at the pace of the last hour. Slow down what uses it, or spread it over the"
            " day.",
            dashboard=Dashboard.ACCOUNT,
            hold=15 * MINUTE,
            keep_firing=15 * MINUTE,
        ),
        Alert(
            "ThreadsQuotaRefused",
            Severity.INFO,
            """\
max by (job, account, quota, reason) (
  threads_quota_refused
) == 1""",
            when="Meta refuses to tell a quota",
            summary="Meta does not tell a quota of a Threads account.",
            description="Meta does not tell the {{ $labels.quota }} quota of"
            " {{ $labels.account }} (reason: {{ $labels.reason }})."
            ' {{ if eq $labels.reason "permission" }}Let the account\'s owner authorise the app'
            " with the permission that the quota needs, or silence this where nobody uses the"
            " quota.{{ else }}The Threads API does not know the quota for this account: nothing"
            " needs to be done, and an alert on its usage cannot fire.{{ end }}",
            dashboard=Dashboard.ACCOUNT,
            hold=15 * MINUTE,
        ),
    ),
)
