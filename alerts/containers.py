from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE

GROUP = Group(
    "threads-exporter.containers",
    (
        Alert(
            "ThreadsContainersFailing",
            Severity.WARNING,
            "account:threads_container_failures:ratio_increase1h > $container_failure_share",
            when="more than $container_failure_share of the containers that ended in the last hour"
            " failed, were lost or were given up",
            summary="Media containers of a Threads account fail.",
            description="Of the media containers of {{ $labels.account }} that ended in the last"
            " hour {{ $value | humanizePercentage }} failed, were lost or were given up,"
            " so posts are missing. See threads_container_errors_total for what Meta says of"
            " the media, and threads_container_outcomes_total for the rest.",
            dashboard=Dashboard.CONTAINERS,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsContainersStuck",
            Severity.WARNING,
            """\
max by (job, account) (
  time() - threads_container_oldest_unfinished_timestamp_seconds
) > $container_stuck_seconds""",
            when="a container is unfinished for more than $container_stuck_seconds",
            summary="A media container of a Threads account does not finish.",
            description="The oldest unfinished media container of {{ $labels.account }} was"
            " registered {{ $value | humanizeDuration }} ago; Threads needs minutes for a long"
            " video. Create the container again, and see whether its media can still be fetched.",
            dashboard=Dashboard.CONTAINERS,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsContainersExpired",
            Severity.WARNING,
            'account_outcome:threads_container_outcomes:increase1h{outcome="EXPIRED"} > 0',
            when="a container expired in the last hour",
            summary="A media container of a Threads account expired unpublished.",
            description='{{ $value | printf "%.0f" }} media container(s) of'
            " {{ $labels.account }} expired in the last hour: they were finished, and nobody"
            " published them within 24 hours. See whether the publisher still runs, create the"
            " containers again, and publish them.",
            dashboard=Dashboard.CONTAINERS,
        ),
    ),
)
