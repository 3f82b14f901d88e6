from dataclasses import dataclass

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the alerts begin, and the dashboards' colours with them: shares 0 to 1, or seconds."""

    quota_high: float = 0.8
    quota_trend_level: float = 0.5
    quota_trend_seconds: float = 4 * HOUR
    token_expiry_warning_seconds: float = 14 * DAY
    token_expiry_critical_seconds: float = 3 * DAY
    data_access_expiry_warning_seconds: float = 14 * DAY
    data_access_expiry_critical_seconds: float = 3 * DAY
    web_certificate_expiry_warning_seconds: float = 14 * DAY
    web_certificate_expiry_critical_seconds: float = 3 * DAY
    container_failure_share: float = 0.1
    container_stuck_seconds: float = 30 * MINUTE
    accounts_failing_share: float = 0.5
    accounts_failing_minimum: int = 3
    quota_stale_seconds: float = 30 * MINUTE
    token_stale_seconds: float = 6 * HOUR
    api_usage_high: float = 0.8
    call_budget_high: float = 0.9
    schedule_lag_seconds: float = 30.0


DEFAULT = Thresholds()
