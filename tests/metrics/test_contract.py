"""The names that dashboards and alerts build on, held against a copy of their own."""

from exporter.metrics.desc import Desc, Stability
from exporter.metrics.page import SECTIONS

CONTRACT = {
    "threads_account_info": ("gauge", "account user_id"),
    "threads_quota_usage": ("gauge", "account quota"),
    "threads_quota_limit": ("gauge", "account quota"),
    "threads_quota_window_seconds": ("gauge", "account quota"),
    "threads_token_valid": ("gauge", "account"),
    "threads_token_invalid_reason": ("gauge", "account reason"),
    "threads_token_expiry_timestamp_seconds": ("gauge", "account"),
    "threads_token_data_access_expiry_timestamp_seconds": ("gauge", "account"),
    "threads_token_issued_timestamp_seconds": ("gauge", "account"),
    "threads_token_scope": ("gauge", "account scope"),
    "threads_containers": ("gauge", "account status"),
    "threads_container_outcomes_total": ("counter", "account outcome"),
    "threads_container_errors_total": ("counter", "account error_message"),
    "threads_container_processing_seconds": ("histogram", "outcome"),
    "threads_container_oldest_unfinished_timestamp_seconds": ("gauge", "account"),
    "threads_container_status": ("gauge", "account container_id status"),
    "threads_poll_success": ("gauge", "account poll"),
    "threads_poll_last_success_timestamp_seconds": ("gauge", "account poll"),
    "threads_polls_total": ("counter", "account poll"),
    "threads_poll_failures_total": ("counter", "account poll reason"),
    "threads_api_requests_total": ("counter", "endpoint code"),
    "threads_api_request_duration_seconds": ("histogram", "endpoint"),
    "threads_api_errors_total": ("counter", "account error category action"),
    "threads_reported_errors_total": ("counter", "account error category action"),
    "threads_api_error_info": ("gauge", "error category action solution"),
    "threads_api_usage_ratio": ("gauge", "account resource"),
    "threads_api_calls_24h": ("gauge", "account"),
    "threads_api_call_budget": ("gauge", "account"),
    "threads_exporter_build_info": ("gauge", "version revision pythonversion"),
    "threads_exporter_config_last_reload_successful": ("gauge", ""),
    "threads_exporter_config_last_reload_success_timestamp_seconds": ("gauge", ""),
    "threads_exporter_schedule_lag_seconds": ("histogram", "poll"),
    "threads_exporter_polls_in_flight": ("gauge", ""),
    "threads_exporter_store_up": ("gauge", ""),
    "threads_exporter_series_dropped_total": ("counter", ""),
    "threads_exporter_shard": ("gauge", ""),
    "threads_exporter_total_shards": ("gauge", ""),
    "probe_success": ("gauge", ""),
    "probe_duration_seconds": ("gauge", ""),
}
EXPERIMENTAL = {
    "threads_exporter_configured_accounts": ("gauge", ""),
    "threads_exporter_claimed_accounts": ("gauge", ""),
    "threads_exporter_lease_epoch": ("gauge", ""),
    "threads_exporter_lease_renewed_timestamp_seconds": ("gauge", ""),
    "threads_exporter_fenced_writes_total": ("counter", ""),
    "threads_quota_refused": ("gauge", "account quota reason"),
    "threads_account_paused_until_timestamp_seconds": ("gauge", "account"),
    "threads_exporter_inspector_token_valid": ("gauge", ""),
    "threads_exporter_paused_scopes": ("gauge", "scope"),
    "threads_exporter_header_parse_errors_total": ("counter", ""),
    "threads_exporter_web_certificate_expiry_timestamp_seconds": ("gauge", ""),
    "threads_exporter_registrations_total": ("counter", "result"),
    "threads_exporter_store_errors_total": ("counter", "kind"),
    "threads_exporter_collect_errors_total": ("counter", "metric"),
    "threads_exporter_http_connections": ("gauge", ""),
    "threads_exporter_http_requests_in_flight": ("gauge", ""),
    "threads_exporter_http_connections_rejected_total": ("counter", "reason"),
    "threads_exporter_heartbeat_timestamp_seconds": ("gauge", "loop"),
    "threads_exporter_log_dropped_total": ("counter", ""),
    "threads_exporter_clock_jumps_total": ("counter", ""),
    "threads_exporter_token_reload_failures_total": ("counter", ""),
    "threads_exporter_account_discovery_failures_total": ("counter", "source"),
    "threads_exporter_account_discovery_last_success_timestamp_seconds": ("gauge", "source"),
    "threads_exporter_discovered_accounts": ("gauge", "source"),
}


def of_stability(stability: Stability) -> dict[str, tuple[str, str]]:
    descs = [desc for _, section in SECTIONS for desc in section]
    return {
        desc.name: (desc.type.value, " ".join(desc.label_names))
        for desc in descs
        if desc.stability is stability
    }


def labels_of(desc: Desc) -> dict[str, tuple[str, ...]]:
    return {label.name: label.values for label in desc.labels}


def test_the_contract_is_kept() -> None:
    assert of_stability(Stability.STABLE) == CONTRACT


def test_what_may_change_says_so() -> None:
    assert of_stability(Stability.EXPERIMENTAL) == EXPERIMENTAL


def test_closed_sets_are_those_of_the_contract() -> None:
    descs = {desc.name: desc for _, section in SECTIONS for desc in section}

    assert labels_of(descs["threads_quota_usage"])["quota"] == (
        "publish",
        "reply",
        "delete",
        "location_search",
    )
    assert labels_of(descs["threads_token_invalid_reason"])["reason"] == (
        "expired",
        "revoked",
        "session_invalidated",
        "malformed",
        "other",
    )
    assert labels_of(descs["threads_container_processing_seconds"])["outcome"] == (
        "FINISHED",
        "ERROR",
    )
    assert " ".join(labels_of(descs["threads_container_status"])["status"]) == (
        "PENDING IN_PROGRESS FINISHED PUBLISHED ERROR EXPIRED OTHER"
    )
    assert " ".join(labels_of(descs["threads_exporter_registrations_total"])["result"]) == (
        "created known refused rate_limited full unavailable"
    )
    assert " ".join(labels_of(descs["threads_poll_failures_total"])["reason"]) == (
        "connect dns tls timeout truncated too_large redirect http_error malformed token_invalid"
        " permission rate_limited restricted not_found unsupported transient budget internal"
    )
