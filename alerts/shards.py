from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE

# An update replaces the shards one by one: each is away for less than the 5 minutes that are looked
# back, but there is hardly a moment in it at which all are there and were told the same.
_OVER_AN_UPDATE = 15 * MINUTE

GROUP = Group(
    "threads-exporter.shards",
    (
        Alert(
            "ThreadsExporterShardsDisagree",
            Severity.CRITICAL,
            """\
stdvar by (job) (
  threads_exporter_total_shards
) > 0""",
            when="the shards were told different totals",
            summary="Shards of threads-exporter disagree on how many they are.",
            description="The exporters of {{ $labels.job }} divide the accounts by different"
            " totals, so some accounts are polled by nobody, or twice where each exporter has a"
            " store of its own. Give all the same --total-shards; deployments that share nothing"
            " must not share a job.",
            dashboard=Dashboard.EXPORTER,
            hold=_OVER_AN_UPDATE,
        ),
        Alert(
            "ThreadsExporterShardMissing",
            Severity.CRITICAL,
            """\
max by (job) (threads_exporter_total_shards)
-
count by (job) (
  count_values by (job) ("shard", last_over_time(threads_exporter_shard[5m]))
) > 0""",
            when="Prometheus has scraped no exporter of a shard for 5 minutes",
            summary="A shard of threads-exporter is missing.",
            description="{{ $value }} of the shards of {{ $labels.job }} cannot be scraped or do"
            " not exist: nothing is seen of their accounts, and no alert on these can fire. The"
            " dashboard tells which ordinals there are; start those that are not.",
            dashboard=Dashboard.EXPORTER,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsAccountsUnpolled",
            Severity.WARNING,
            """\
max by (job) (threads_exporter_configured_accounts)
- on (job)
job:threads_accounts:count > 0""",
            when="an account is configured, and no exporter tells of it",
            summary="Threads accounts are polled by no exporter.",
            description="{{ $value }} of the accounts that {{ $labels.job }} is configured with are"
            " told of by no exporter: no alert on them can fire. See whether all shards run, have"
            " the same configuration and reach the store that they share.",
            dashboard=Dashboard.EXPORTER,
            hold=_OVER_AN_UPDATE,
        ),
        Alert(
            "ThreadsExporterWritesFenced",
            Severity.WARNING,
            """\
sum by (job) (
  increase(threads_exporter_fenced_writes_total[10m])
) > 0""",
            when="exporters go on writing of accounts that others have taken over",
            summary="Exporters take Threads accounts from each other.",
            description='In the last 10 minutes {{ $value | printf "%.0f" }} write(s) of'
            " {{ $labels.job }} were refused, since another exporter had taken the account over,"
            " and this goes on. Leases expire under processes that live: see whether they get"
            " their processor, and how quickly the store answers.",
            dashboard=Dashboard.EXPORTER,
            hold=_OVER_AN_UPDATE,
        ),
    ),
)
