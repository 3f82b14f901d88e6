from dataclasses import replace

import pytest

from exporter.domain import FailureReason, Poll
from exporter.observations.model import AccountObservation, PollRecord
from tests.metrics.scrapes import PROCESSING, REVOKED, exporter_of, identity

POLL_METRICS = (
    "threads_poll_success",
    "threads_poll_last_success_timestamp_seconds",
    "threads_polls_total",
    "threads_poll_failures_total",
)


def test_an_account_that_was_never_polled_has_only_its_zeros() -> None:
    assert exporter_of(AccountObservation(identity())).scrape(*POLL_METRICS) == [
        'threads_polls_total{account="acme",poll="quota"} 0.0',
        'threads_polls_total{account="acme",poll="token"} 0.0',
        'threads_polls_total{account="acme",poll="container"} 0.0',
    ]


def test_polls_and_their_failures() -> None:
    failures = {FailureReason.TIMEOUT: 2, FailureReason.RATE_LIMITED: 1}
    polls = {
        Poll.QUOTA: PollRecord(
            succeeded=True, total=9, failures=failures, last_success_at=1_789_999_940
        ),
        Poll.TOKEN: PollRecord(succeeded=False, total=1, failures={FailureReason.DNS: 1}),
    }
    exporter = exporter_of(AccountObservation(identity(), polls=polls))

    assert exporter.scrape(*POLL_METRICS) == [
        'threads_poll_success{account="acme",poll="quota"} 1.0',
        'threads_poll_success{account="acme",poll="token"} 0.0',
        'threads_poll_last_success_timestamp_seconds{account="acme",poll="quota"} 1.78999994e+09',
        'threads_polls_total{account="acme",poll="quota"} 9.0',
        'threads_polls_total{account="acme",poll="token"} 1.0',
        'threads_polls_total{account="acme",poll="container"} 0.0',
        'threads_poll_failures_total{account="acme",poll="quota",reason="rate_limited"} 1.0',
        'threads_poll_failures_total{account="acme",poll="quota",reason="timeout"} 2.0',
        'threads_poll_failures_total{account="acme",poll="token",reason="dns"} 1.0',
    ]


ERRORS = {REVOKED: 2, PROCESSING: 1, replace(REVOKED, solution="worded otherwise"): 3}


@pytest.mark.parametrize(
    ("name", "observation"),
    [
        ("threads_api_errors_total", AccountObservation(identity(), errors=ERRORS)),
        ("threads_reported_errors_total", AccountObservation(identity(), reported_errors=ERRORS)),
    ],
)
def test_errors_are_counted_by_their_place_in_the_catalogue(
    name: str, observation: AccountObservation
) -> None:
    scraped = exporter_of(observation).scrape(
        "threads_api_errors_total", "threads_reported_errors_total"
    )

    assert scraped == [
        f'{name}{{account="acme",action="retry",category="media",error="media_processing"}} 1.0',
        (
            f'{name}{{account="acme",action="refresh-token",category="authentication"'
            ',error="revoked_access_token"} 5.0'
        ),
    ]
