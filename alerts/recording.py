from alerts.rule import Group, Recording

USED_SHARE = Recording(
    "account_quota:threads_quota_usage:ratio",
    """\
max by (job, account, quota) (
  threads_quota_usage / (threads_quota_limit > 0)
)""",
    "share of a quota that is used",
)
EXHAUSTION = Recording(
    "account_quota:threads_quota_exhaustion:seconds",
    """\
(1 - (account_quota:threads_quota_usage:ratio < 1))
/
(deriv(account_quota:threads_quota_usage:ratio[1h]) > 0)""",
    "seconds until a quota is used up at the pace of the last hour; none while its usage falls",
)
CALLS_SHARE = Recording(
    "account:threads_api_calls_24h:ratio",
    """\
max by (job, account) (
  threads_api_calls_24h / threads_api_call_budget
)""",
    "share of the account's call budget that is spent",
)
OUTCOMES = Recording(
    "account_outcome:threads_container_outcomes:increase1h",
    """\
sum by (job, account, outcome) (
  increase(threads_container_outcomes_total{outcome!="removed"}[1h])
) > 0""",
    "containers that ended in the last hour, by how; none where there was none",
)
FAILURE_SHARE = Recording(
    "account:threads_container_failures:ratio_increase1h",
    """\
(
  sum by (job, account) (
    account_outcome:threads_container_outcomes:increase1h{outcome=~"ERROR|gave_up|lost"}
  )
  or
  0 * sum by (job, account) (account_outcome:threads_container_outcomes:increase1h)
)
/
sum by (job, account) (account_outcome:threads_container_outcomes:increase1h)""",
    "share of the containers that ended in the last hour as `ERROR`, `gave_up` or `lost`",
)
OTHERS = (
    Recording(
        "job_poll:threads_poll_success:ratio",
        """\
avg by (job, poll) (
  max by (job, account, poll) (threads_poll_success)
)""",
        "share of the accounts whose last poll succeeded",
    ),
    Recording(
        "job:threads_accounts:count",
        """\
count by (job) (
  count by (job, account) (threads_account_info)
)""",
        "accounts",
    ),
    Recording(
        "job:threads_accounts_token_valid:ratio",
        """\
avg by (job) (
  max by (job, account) (threads_token_valid)
)""",
        "share of the accounts with a valid token, of those where it is known",
    ),
    Recording(
        "endpoint:threads_api_requests:error_ratio_rate5m",
        """\
sum by (job, endpoint) (
  rate(threads_api_requests_total{code!="200"}[5m])
)
/
(
  sum by (job, endpoint) (rate(threads_api_requests_total[5m])) > 0
)""",
        "share of the requests to Meta that were not answered with 200",
    ),
    Recording(
        "endpoint:threads_api_request_duration_seconds:p99_rate5m",
        """\
histogram_quantile(
  0.99,
  sum by (job, endpoint, le) (
    rate(threads_api_request_duration_seconds_bucket[5m])
  )
) >= 0""",
        "99th percentile of the duration of requests to Meta; none while there are none",
    ),
)
RECORDINGS = (USED_SHARE, EXHAUSTION, CALLS_SHARE, OUTCOMES, FAILURE_SHARE, *OTHERS)
GROUP = Group("threads-exporter.recording", RECORDINGS)
