from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE

_CERTIFICATE_LEFT = "threads_exporter_web_certificate_expiry_timestamp_seconds - time()"
_CERTIFICATE_CRITICAL = "$web_certificate_expiry_critical_seconds"
_CERTIFICATE_WARNING = "$web_certificate_expiry_warning_seconds"
_CERTIFICATE_EXPIRES = (
    "The certificate that {{ $labels.instance }} presents expires in"
    " {{ $value | humanizeDuration }}; then nothing is scraped any more. Put a new one, with its"
    " key, in the place of the old: no restart is needed."
)


def _certificate_expiring(severity: Severity, expr: str, when: str, description: str) -> Alert:
    return Alert(
        "ThreadsExporterWebCertificateExpiring",
        severity,
        expr,
        when=when,
        summary="The certificate that a threads-exporter presents expires soon, or has expired.",
        description=description,
        dashboard=Dashboard.EXPORTER,
        hold=5 * MINUTE,
    )


GROUP = Group(
    "threads-exporter.exporter",
    (
        Alert(
            "ThreadsExporterDown",
            Severity.CRITICAL,
            "up == 0",
            when="Prometheus cannot scrape an exporter that it knows of",
            summary="A threads-exporter cannot be scraped.",
            description="Prometheus cannot scrape {{ $labels.instance }}, and no alert on its"
            " accounts can fire. See the target's error on Prometheus's page of targets, then the"
            " exporter's log: its last line says why it ended.",
            dashboard=Dashboard.EXPORTER,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsExporterAbsent",
            Severity.CRITICAL,
            "absent(up)",
            when="Prometheus knows of no exporter",
            summary="Prometheus scrapes no threads-exporter.",
            description="Prometheus has no target that matches `$selector`, so no alert on any"
            " account can fire. See whether the exporter is deployed, and whether the scrape"
            " configuration and the selector of these rules name the same job.",
            dashboard=Dashboard.EXPORTER,
            hold=15 * MINUTE,
        ),
        Alert(
            "ThreadsExporterReloadFailed",
            Severity.WARNING,
            "threads_exporter_config_last_reload_successful == 0",
            when="the last reload of a configuration failed",
            summary="A threads-exporter could not load its configuration.",
            description="{{ $labels.instance }} goes on with its old configuration, because the"
            " new one has mistakes. Its log names each with file and line; `threads-exporter"
            " --config.check` prints them too. Mend them and reload.",
            dashboard=Dashboard.EXPORTER,
            hold=5 * MINUTE,
        ),
        Alert(
            "ThreadsAccountDiscoveryFailing",
            Severity.WARNING,
            """\
increase(threads_exporter_account_discovery_failures_total[5m]) > 0
unless
changes(threads_exporter_account_discovery_last_success_timestamp_seconds[5m]) > 0""",
            when="a source of accounts (`account_http_sd`) gave no good answer in the last 5"
            " minutes, though it was asked",
            summary="A threads-exporter gets no list of accounts from where it should.",
            description="account_http_sd[{{ $labels.source }}] of {{ $labels.instance }} gives no"
            " good answer: the accounts of its last one are polled on, but new accounts and new"
            " tokens are not taken up, and a restart would lose them all. The log names the"
            " trouble and the remedy.",
            dashboard=Dashboard.EXPORTER,
            hold=5 * MINUTE,
        ),
        _certificate_expiring(
            Severity.WARNING,
            f"{_CERTIFICATE_CRITICAL} < {_CERTIFICATE_LEFT} <= {_CERTIFICATE_WARNING}",
            when=f"no more than {_CERTIFICATE_WARNING} are left, but more than"
            f" {_CERTIFICATE_CRITICAL}",
            description=_CERTIFICATE_EXPIRES,
        ),
        _certificate_expiring(
            Severity.CRITICAL,
            f"{_CERTIFICATE_LEFT} <= {_CERTIFICATE_CRITICAL}",
            when=f"no more than {_CERTIFICATE_CRITICAL} are left, or it has expired",
            description=f"{{{{ if gt $value 0.0 }}}}{_CERTIFICATE_EXPIRES}{{{{ else }}}}The"
            " certificate that {{ $labels.instance }} presents has expired: only who does not"
            " verify it can still scrape. Put a new one, with its key, in the place of the old:"
            " no restart is needed.{{ end }}",
        ),
        Alert(
            "ThreadsExporterStoreDown",
            Severity.CRITICAL,
            "threads_exporter_store_up == 0",
            when="the store of the tracked containers cannot be written",
            summary="A threads-exporter cannot write its store.",
            description="{{ $labels.instance }} cannot write the store of tracked containers, and"
            " refuses registrations with 503. Its log names the trouble and the remedy; nothing"
            " needs to be restarted once the store works again.",
            dashboard=Dashboard.EXPORTER,
            hold=2 * MINUTE,
        ),
        Alert(
            "ThreadsExporterScheduleLagging",
            Severity.WARNING,
            """\
histogram_quantile(
  0.99,
  sum by (job, instance, le) (
    rate(threads_exporter_schedule_lag_seconds_bucket[5m])
  )
) > $schedule_lag_seconds""",
            when="1 in 100 polls of an exporter starts more than $schedule_lag_seconds late",
            summary="A threads-exporter polls later than it should.",
            description="1 in 100 polls of {{ $labels.instance }} starts"
            " {{ $value | humanizeDuration }} late or later. Raise polling.max_in_flight, make the"
            " intervals longer, or divide the accounts among shards; see first whether Meta"
            " answers slowly.",
            dashboard=Dashboard.EXPORTER,
            hold=10 * MINUTE,
        ),
        Alert(
            "ThreadsExporterRegistrationsRefused",
            Severity.WARNING,
            """\
sum by (job, result) (
  increase(threads_exporter_registrations_total{result=~"full|unavailable"}[15m])
) > 0""",
            when="an exporter refused to track containers in the last 15 minutes, because it was"
            " full or its store was down",
            summary="A threads-exporter refuses to track media containers.",
            description='{{ $labels.job }} refused to track {{ $value | printf "%.0f" }} media'
            ' container(s) in the last 15 minutes. {{ if eq $labels.result "full" }}It tracks'
            " containers.max_tracked: raise that, or see why so many stay unfinished.{{ else }}Its"
            " store cannot be written: its log names the trouble and the remedy.{{ end }}",
            dashboard=Dashboard.EXPORTER,
        ),
        Alert(
            "ThreadsExporterCollectErrors",
            Severity.WARNING,
            """\
sum by (job, metric) (
  increase(threads_exporter_collect_errors_total[15m])
) > 0""",
            when="a scrape of the last 15 minutes left an account out of a metric, by a fault of"
            " the exporter",
            summary="A threads-exporter leaves an account out of a metric.",
            description="{{ $labels.job }} left an account out of {{ $labels.metric }} in the last"
            " 15 minutes, by a fault of its own: alerts on that metric may miss the account. Its"
            " log has the traceback once for each metric; please report it.",
            dashboard=Dashboard.EXPORTER,
        ),
        Alert(
            "ThreadsExporterSeriesDropped",
            Severity.INFO,
            """\
sum by (job) (
  increase(threads_exporter_series_dropped_total[15m])
) > 0""",
            when="a scrape of the last 15 minutes left out series of single containers",
            summary="A threads-exporter does not show every media container by itself.",
            description="{{ $labels.job }} follows more containers than threads_container_status"
            " shows, and left some out in the last 15 minutes; threads_containers counts them all."
            " Turn containers.per_container_metrics off if nobody needs it.",
            dashboard=Dashboard.EXPORTER,
        ),
    ),
)
