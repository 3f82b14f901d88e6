from exporter.domain import UsageResource
from exporter.observations.model import AccountObservation, UsageReading
from tests.metrics.scrapes import Exporter, exporter_of, identity


def test_account_info_has_the_labels_of_all_accounts() -> None:
    exporter = exporter_of(
        AccountObservation(identity("acme", {"team": "growth"})),
        AccountObservation(identity("beta", {"region": "eu"})),
        AccountObservation(identity("gamma")),
    )

    assert exporter.scrape("threads_account_info") == [
        'threads_account_info{account="acme",region="",team="growth",user_id="178414"} 1.0',
        'threads_account_info{account="beta",region="eu",team="",user_id="178414"} 1.0',
        'threads_account_info{account="gamma",region="",team="",user_id="178414"} 1.0',
    ]


def test_a_removed_account_is_gone_at_the_next_scrape() -> None:
    exporter = exporter_of(AccountObservation(identity("acme")))
    assert exporter.scrape("threads_account_info") != []

    exporter.accounts = {}

    assert exporter.scrape("threads_account_info") == []


def test_usage_ratios_are_those_that_meta_sent() -> None:
    ratios = {UsageResource.CALL_COUNT: 0.28, UsageResource.TOTAL_TIME: 0.0}
    exporter = exporter_of(AccountObservation(identity()))
    reading = UsageReading(ratios, exporter.clock.monotonic())
    exporter.accounts = {"acme": AccountObservation(identity(), usage_reading=reading)}

    assert exporter.scrape("threads_api_usage_ratio") == [
        'threads_api_usage_ratio{account="acme",resource="call_count"} 0.28',
        'threads_api_usage_ratio{account="acme",resource="total_time"} 0.0',
    ]


def test_usage_ratios_go_when_they_are_stale() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    reading = UsageReading({UsageResource.CALL_COUNT: 0.28}, exporter.clock.monotonic())
    exporter.accounts = {"acme": AccountObservation(identity(), usage_reading=reading)}

    exporter.clock.advance(exporter.state.stale_after)
    assert exporter.scrape("threads_api_usage_ratio") != []

    exporter.clock.advance(1)
    assert exporter.scrape("threads_api_usage_ratio") == []


def test_own_calls_and_their_budget() -> None:
    exporter = exporter_of(AccountObservation(identity("acme")), AccountObservation(identity("b")))
    exporter.calls = {"acme": 120}

    assert exporter.scrape("threads_api_calls_24h", "threads_api_call_budget") == [
        'threads_api_calls_24h{account="acme"} 120.0',
        'threads_api_calls_24h{account="b"} 0.0',
        'threads_api_call_budget{account="acme"} 2400.0',
        'threads_api_call_budget{account="b"} 2400.0',
    ]


def paused_until(seconds_from_now: float) -> Exporter:
    exporter = Exporter()
    until = exporter.clock.wall() + seconds_from_now
    exporter.accounts = {"acme": AccountObservation(identity(), paused_until=until)}
    return exporter


def test_a_pause_is_told_while_it_lasts() -> None:
    exporter = paused_until(60)

    assert exporter.scrape("threads_account_paused_until_timestamp_seconds") == [
        'threads_account_paused_until_timestamp_seconds{account="acme"} 1.79000006e+09'
    ]


def test_a_pause_that_is_over_is_not_told() -> None:
    assert paused_until(0).scrape("threads_account_paused_until_timestamp_seconds") == []
