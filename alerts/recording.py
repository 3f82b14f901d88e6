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
FULLEST = Recording(
    "account:threads_quota_usage:max_ratio",
    """\
max by (job, account) (
  account_quota:threads_quota_usage:ratio
)""",
    "share that is used of the account's fullest quota",
)
FAILED = Recording(
    "account_poll:threads_poll_success:failed",
    """\
max by (job, account, poll) (
  threads_poll_success
) == 0""",
    "0 for a poll whose last run failed; none for the others",
)
# A container is asked about ever more seldom as it grows older, and a token once an hour: a failure
# of long ago is none of now, and one failure in an hour is no failing poll yet.
FAILING = Recording(
    "account_poll:threads_poll_success:failing",
    """\
account_poll:threads_poll_success:failed
unless
max by (job, account, poll) (
  max_over_time(threads_poll_success{poll="token"}[1h])
) == 1
unless
max by (job, account, poll) (
  increase(threads_polls_total{poll="container"}[15m])
) == 0""",
    "0 for a poll that fails now, and a token's for an hour; none for the others",
)
OUTCOME_RATES = Recording(
    "account_outcome:threads_container_outcomes:rate5m",
    """\
sum by (job, account, outcome) (
  rate(threads_container_outcomes_total[5m])
) > 0""",
    "containers that end a second, by how; none where there was none in 5 minutes",
)
TRACKED = Recording(
    "account_status:threads_containers:max",
    """\
max by (job, account, status) (
  threads_containers
) > 0""",
    "tracked containers by their status; none where there is none",
)
_BANDS = {
    "at the limit": "account:threads_quota_usage:max_ratio >= 1",
    "nearly full": "$quota_high <= account:threads_quota_usage:max_ratio < 1",
    "more than half": "$quota_trend_level <= account:threads_quota_usage:max_ratio < $quota_high",
    "less than half": "account:threads_quota_usage:max_ratio < $quota_trend_level",
}
BANDS = Recording(
    "job_band:threads_accounts:count",
    "\nor\n".join(
        f'label_replace(\n  count by (job) ({which}),\n  "band", "{band}", "", ""\n)'
        for band, which in _BANDS.items()
    ),
    "accounts by how much of their fullest quota they have used",
)
POLL_RATES = Recording(
    "job_poll:threads_polls:rate5m",
    """\
sum by (job, poll) (
  rate(threads_polls_total[5m])
)""",
    "polls a second, failed ones included",
)
OLDEST_ANSWERS = Recording(
    "job_poll:threads_poll_last_success_timestamp_seconds:min",
    """\
min by (job, poll) (
  max by (job, account, poll) (threads_poll_last_success_timestamp_seconds)
  unless on (job, account)
  max by (job, account) (threads_token_valid) == 0
)""",
    "when the poll last succeeded that has waited longest for it, of the accounts whose token is"
    " not known to be invalid",
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
RECORDINGS = (
    USED_SHARE,
    EXHAUSTION,
    FULLEST,
    CALLS_SHARE,
    FAILED,
    FAILING,
    OUTCOMES,
    OUTCOME_RATES,
    FAILURE_SHARE,
    TRACKED,
    *OTHERS,
    BANDS,
    POLL_RATES,
    OLDEST_ANSWERS,
)
GROUP = Group("threads-exporter.recording", RECORDINGS)
