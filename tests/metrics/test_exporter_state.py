from dataclasses import replace

from exporter.domain import KnownError, LeaseStatus, PausedScope, SourceStatus
from tests.metrics.scrapes import STATE, Exporter


def test_every_entry_of_the_catalogue_tells_what_helps() -> None:
    assert Exporter().scrape("threads_api_error_info") == [
        (
            'threads_api_error_info{action="refresh-token",category="authentication"'
            ',error="revoked_access_token",solution="Reconnect it."} 1.0'
        ),
        (
            'threads_api_error_info{action="retry",category="media",error="media_processing"'
            ',solution="Wait a minute."} 1.0'
        ),
    ]


def test_a_solution_may_be_longer_than_other_labels() -> None:
    catalogue = (KnownError("e" * 600, "media", "retry", "s" * 600),)
    exporter = Exporter(state=replace(STATE, catalogue=catalogue))

    assert exporter.scrape("threads_api_error_info") == [
        (
            f'threads_api_error_info{{action="retry",category="media",error="{"e" * 128}"'
            f',solution="{"s" * 512}"}} 1.0'
        )
    ]


def test_what_the_exporter_is() -> None:
    state = replace(STATE, shard=2, total_shards=5, configured_accounts=7)

    assert Exporter(state=state).scrape(
        "threads_exporter_build_info",
        "threads_exporter_shard",
        "threads_exporter_total_shards",
        "threads_exporter_configured_accounts",
    ) == [
        'threads_exporter_build_info{pythonversion="3.11",revision="abcdef0",version="1.2.3"} 1.0',
        "threads_exporter_shard 2.0",
        "threads_exporter_total_shards 5.0",
        "threads_exporter_configured_accounts 7.0",
    ]


def test_a_failed_reload_keeps_the_time_of_the_last_good_one() -> None:
    assert Exporter(state=replace(STATE, reload_successful=False)).scrape(
        "threads_exporter_config_last_reload_successful",
        "threads_exporter_config_last_reload_success_timestamp_seconds",
    ) == [
        "threads_exporter_config_last_reload_successful 0.0",
        "threads_exporter_config_last_reload_success_timestamp_seconds 1.7890000005e+09",
    ]


def test_the_own_certificate_s_expiry_is_told_with_tls_alone() -> None:
    name = "threads_exporter_web_certificate_expiry_timestamp_seconds"
    secured = Exporter(state=replace(STATE, web_certificate_expires_at=1_800_000_000.0))

    assert Exporter().scrape(name) == []
    assert secured.scrape(name) == [f"{name} 1.8e+09"]


def test_each_loop_s_last_beat_is_told() -> None:
    name = "threads_exporter_heartbeat_timestamp_seconds"
    beats = {"web": 1_790_000_001.5, "main": 1_790_000_000.0}

    assert Exporter(state=replace(STATE, heartbeats=beats)).scrape(name) == [
        f'{name}{{loop="web"}} 1.7900000015e+09',
        f'{name}{{loop="main"}} 1.79e+09',
    ]


def test_lost_log_lines_are_told() -> None:
    name = "threads_exporter_log_dropped_total"

    assert Exporter(state=replace(STATE, log_dropped=7)).scrape(name) == [f"{name} 7.0"]


def test_the_inspector_token_is_told_once_its_validity_is_known() -> None:
    name = "threads_exporter_inspector_token_valid"

    assert Exporter().scrape(name) == []
    for valid, value in ((True, "1.0"), (False, "0.0")):
        exporter = Exporter(state=replace(STATE, inspector_token_valid=valid))
        assert exporter.scrape(name) == [f"{name} {value}"]


def test_paused_scopes_are_told_of_each_kind() -> None:
    paused = {PausedScope.APP: 2, PausedScope.ACCOUNT: 7}

    assert Exporter(state=replace(STATE, paused_scopes=paused)).scrape(
        "threads_exporter_paused_scopes"
    ) == [
        'threads_exporter_paused_scopes{scope="account"} 7.0',
        'threads_exporter_paused_scopes{scope="app"} 2.0',
        'threads_exporter_paused_scopes{scope="inspector"} 0.0',
    ]


def test_each_source_of_accounts_is_told_of_by_its_place() -> None:
    sources = (SourceStatus(2, 1_790_000_000.0, 7), SourceStatus(failures=1))
    names = (
        "threads_exporter_account_discovery_failures_total",
        "threads_exporter_account_discovery_last_success_timestamp_seconds",
        "threads_exporter_discovered_accounts",
    )

    assert Exporter().scrape(*names) == []
    assert Exporter(state=replace(STATE, account_sources=sources)).scrape(*names) == [
        'threads_exporter_account_discovery_failures_total{source="0"} 2.0',
        'threads_exporter_account_discovery_failures_total{source="1"} 1.0',
        ('threads_exporter_account_discovery_last_success_timestamp_seconds{source="0"} 1.79e+09'),
        'threads_exporter_discovered_accounts{source="0"} 7.0',
        'threads_exporter_discovered_accounts{source="1"} 0.0',
    ]


def test_the_store_is_told_of_while_one_is_in_use() -> None:
    name = "threads_exporter_store_up"

    assert Exporter().scrape(name) == []
    for up, value in ((True, "1.0"), (False, "0.0")):
        exporter = Exporter(state=replace(STATE, store_up=up))
        assert exporter.scrape(name) == [f"{name} {value}"]


def test_the_lease_is_told_of_where_the_store_is_shared() -> None:
    names = (
        "threads_exporter_lease_epoch",
        "threads_exporter_lease_renewed_timestamp_seconds",
        "threads_exporter_claimed_accounts",
    )
    lease = LeaseStatus(epoch=7, renewed_at=1_790_000_000.0, accounts=3)

    assert Exporter().scrape(*names) == []
    assert Exporter(state=replace(STATE, lease=lease)).scrape(*names) == [
        "threads_exporter_lease_epoch 7.0",
        "threads_exporter_lease_renewed_timestamp_seconds 1.79e+09",
        "threads_exporter_claimed_accounts 3.0",
    ]
