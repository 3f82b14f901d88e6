from exporter.domain import FailureReason, Quota, QuotaKind
from exporter.observations.model import AccountObservation, QuotaReading
from tests.metrics.scrapes import Exporter, exporter_of, identity

QUOTA_METRICS = ("threads_quota_usage", "threads_quota_limit", "threads_quota_window_seconds")


def exporter_with(quotas: dict[QuotaKind, Quota], age: float = 0) -> Exporter:
    exporter = Exporter()
    reading = QuotaReading(quotas, read_at=exporter.clock.monotonic() - age)
    exporter.accounts = {"acme": AccountObservation(identity(), quota_reading=reading)}
    return exporter


def test_every_quota_has_usage_limit_and_window() -> None:
    exporter = exporter_with(
        {QuotaKind.PUBLISH: Quota(3, 250, 86400), QuotaKind.LOCATION_SEARCH: Quota(0, 500, 86400)}
    )

    assert exporter.scrape(*QUOTA_METRICS) == [
        'threads_quota_usage{account="acme",quota="publish"} 3.0',
        'threads_quota_usage{account="acme",quota="location_search"} 0.0',
        'threads_quota_limit{account="acme",quota="publish"} 250.0',
        'threads_quota_limit{account="acme",quota="location_search"} 500.0',
        'threads_quota_window_seconds{account="acme",quota="publish"} 86400.0',
        'threads_quota_window_seconds{account="acme",quota="location_search"} 86400.0',
    ]


def test_a_limit_that_meta_left_out_is_not_assumed() -> None:
    exporter = exporter_with(
        {QuotaKind.REPLY: Quota(7, None, None), QuotaKind.DELETE: Quota(1, 100, 86400)}
    )

    assert exporter.scrape(*QUOTA_METRICS) == [
        'threads_quota_usage{account="acme",quota="reply"} 7.0',
        'threads_quota_usage{account="acme",quota="delete"} 1.0',
        'threads_quota_limit{account="acme",quota="delete"} 100.0',
        'threads_quota_window_seconds{account="acme",quota="delete"} 86400.0',
    ]


def test_a_quota_is_told_until_it_is_stale() -> None:
    quotas = {QuotaKind.PUBLISH: Quota(3, 250, 86400)}

    assert len(exporter_with(quotas, age=300).scrape(*QUOTA_METRICS)) == 3
    assert exporter_with(quotas, age=300.001).scrape(*QUOTA_METRICS) == []


def test_a_changed_wall_clock_makes_no_quota_stale() -> None:
    exporter = exporter_with({QuotaKind.PUBLISH: Quota(3, 250, 86400)})

    exporter.clock.set_wall(exporter.clock.wall() + 86400)

    assert len(exporter.scrape(*QUOTA_METRICS)) == 3


def test_no_quota_is_told_before_the_first_answer() -> None:
    assert exporter_of(AccountObservation(identity())).scrape(*QUOTA_METRICS) == []


def test_a_refused_quota_names_its_reason() -> None:
    refused = {
        QuotaKind.DELETE: FailureReason.PERMISSION,
        QuotaKind.LOCATION_SEARCH: FailureReason.UNSUPPORTED,
    }
    exporter = exporter_of(AccountObservation(identity(), refused_quotas=refused))

    assert exporter.scrape("threads_quota_refused") == [
        'threads_quota_refused{account="acme",quota="delete",reason="permission"} 1.0',
        'threads_quota_refused{account="acme",quota="location_search",reason="unsupported"} 1.0',
    ]
