from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE

_FAILING_WIDELY = """\
(
  count by (job, poll) (
    max by (job, account, poll) (
      threads_poll_success{poll!="token"}
    ) == 0
    unless
    max by (job, account, poll) (
      increase(threads_polls_total{poll="container"}[15m])
    ) == 0
    unless on (job, account)
    max by (job, account) (threads_token_valid) == 0
  ) >= $accounts_failing_minimum
)
/
count by (job, poll) (
  max by (job, account, poll) (threads_poll_success{poll!="token"})
  unless on (job, account)
  max by (job, account) (threads_token_valid) == 0
)
> $accounts_failing_share"""
GROUP = Group(
    "threads-exporter.polling",
    (
        Alert(
            "ThreadsPollsFailing",
            Severity.WARNING,
            "account_poll:threads_poll_success:failing == 0",
            when="the polls of an account fail: the quota's or the container's now, the token's for"
            " an hour",
            summary="The polls of a Threads account fail.",
            description="The {{ $labels.poll }} polls of {{ $labels.account }} fail, so what is"
            " shown of it is old or missing. threads_poll_failures_total and the exporter's log"
            " tell the reason; for what to do about each see the runbook.",
            dashboard=Dashboard.ACCOUNT,
            hold=15 * MINUTE,
        ),
        Alert(
            "ThreadsPollsFailingWidely",
            Severity.CRITICAL,
            _FAILING_WIDELY,
            when="the quota or container polls of more than $accounts_failing_share of the"
            " accounts, and of $accounts_failing_minimum at least, fail; accounts whose token is"
            " known to be invalid do not count",
            summary="The polls of most Threads accounts fail.",
            description="The {{ $labels.poll }} polls of {{ $value | humanizePercentage }} of the"
            " accounts with a working token fail: the cause is hardly theirs. See whether the"
            " exporter reaches graph.threads.net (network, proxy, certificates), whether a rate"
            " limit holds the app back, and https://metastatus.com.",
            dashboard=Dashboard.OVERVIEW,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsDataStale",
            Severity.WARNING,
            """\
time() - max by (job, account, poll) (
  threads_poll_last_success_timestamp_seconds{poll="quota"}
) > $quota_stale_seconds
or
time() - max by (job, account, poll) (
  threads_poll_last_success_timestamp_seconds{poll="token"}
) > $token_stale_seconds""",
            when="the last successful quota poll is $quota_stale_seconds old, or the last"
            " successful token poll $token_stale_seconds",
            summary="What is known of a Threads account is old.",
            description="The last {{ $labels.poll }} poll of {{ $labels.account }} that succeeded"
            " was {{ $value | humanizeDuration }} ago: an alert on what has happened since cannot"
            " fire. threads_poll_failures_total and the exporter's log tell the reason.",
            dashboard=Dashboard.ACCOUNT,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsRateLimited",
            Severity.WARNING,
            """\
max by (job, account) (
  threads_account_paused_until_timestamp_seconds - time()
) > 0""",
            when="the exporter makes no calls for an account because Meta limits or restricts it",
            summary="Meta limits the calls of a Threads account.",
            description="Meta limits or restricts {{ $labels.account }}, so the exporter makes no"
            " calls for it for another {{ $value | humanizeDuration }}. See what else calls with"
            " the same app or account and slow it down; if the failures' reason is `restricted`,"
            " let the owner open Threads and read the notice there.",
            dashboard=Dashboard.ACCOUNT,
            hold=2 * MINUTE,
            keep_firing=10 * MINUTE,
        ),
        Alert(
            "ThreadsApiUsageHigh",
            Severity.WARNING,
            """\
max by (job, account, resource) (
  threads_api_usage_ratio
) > $api_usage_high""",
            when="more than $api_usage_high of what Meta allows the account in calls or time is"
            " spent",
            summary="A Threads account comes close to Meta's rate limit.",
            description="{{ $labels.account }} has spent {{ $value | humanizePercentage }} of the"
            " {{ $labels.resource }} that Meta allows; at 100% all its calls are refused. Slow"
            " down what calls with its app, the publisher first.",
            dashboard=Dashboard.ACCOUNT,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsCallBudgetNearlySpent",
            Severity.WARNING,
            "account:threads_api_calls_24h:ratio > $call_budget_high",
            when="more than $call_budget_high of an account's `polling.call_budget` is spent",
            summary="The exporter's call budget of a Threads account is nearly spent.",
            description="The exporter has spent {{ $value | humanizePercentage }} of the calls that"
            " polling.call_budget allows it for {{ $labels.account }} in 24 hours; then it polls"
            " no more. Raise the budget, or make the polling intervals longer.",
            dashboard=Dashboard.ACCOUNT,
            hold=5 * MINUTE,
        ),
    ),
)
