import pytest

from exporter.domain import TokenInvalidReason
from exporter.observations.model import AccountObservation, TokenReading
from tests.metrics.scrapes import Exporter, exporter_of, identity

TOKEN_METRICS = (
    "threads_token_valid",
    "threads_token_invalid_reason",
    "threads_token_expiry_timestamp_seconds",
    "threads_token_data_access_expiry_timestamp_seconds",
    "threads_token_issued_timestamp_seconds",
    "threads_token_scope",
)


def exporter_with(token: TokenReading) -> Exporter:
    return exporter_of(AccountObservation(identity(), token=token))


def test_nothing_is_told_of_a_token_that_is_not_known() -> None:
    assert exporter_with(TokenReading()).scrape(*TOKEN_METRICS) == []


def test_a_valid_token_has_its_times() -> None:
    token = TokenReading(
        valid=True,
        expires_at=1_795_184_000,
        data_access_expires_at=1_797_776_000,
        issued_at=1_790_000_000,
    )

    assert exporter_with(token).scrape(*TOKEN_METRICS) == [
        'threads_token_valid{account="acme"} 1.0',
        'threads_token_expiry_timestamp_seconds{account="acme"} 1.795184e+09',
        'threads_token_data_access_expiry_timestamp_seconds{account="acme"} 1.797776e+09',
        'threads_token_issued_timestamp_seconds{account="acme"} 1.79e+09',
    ]


@pytest.mark.parametrize(
    ("reason", "label"),
    [(TokenInvalidReason.SESSION_INVALIDATED, "session_invalidated"), (None, "other")],
)
def test_an_invalid_token_names_its_reason(reason: TokenInvalidReason | None, label: str) -> None:
    token = TokenReading(valid=False, invalid_reason=reason)

    assert exporter_with(token).scrape(*TOKEN_METRICS) == [
        'threads_token_valid{account="acme"} 0.0',
        f'threads_token_invalid_reason{{account="acme",reason="{label}"}} 1.0',
    ]


def test_an_expiry_is_told_though_the_validity_is_not_known() -> None:
    assert exporter_with(TokenReading(expires_at=1_795_184_000)).scrape(*TOKEN_METRICS) == [
        'threads_token_expiry_timestamp_seconds{account="acme"} 1.795184e+09'
    ]


@pytest.mark.parametrize("never", [0, -1])
def test_an_expiry_at_zero_is_never_told(never: int) -> None:
    token = TokenReading(expires_at=never, data_access_expires_at=never, issued_at=never)

    assert exporter_with(token).scrape(*TOKEN_METRICS) == []


def test_scopes_are_those_needed_and_those_granted_but_no_unknown_one() -> None:
    granted = frozenset({"threads_basic", "threads_manage_insights", "threads_brand_new"})

    assert exporter_with(TokenReading(scopes=granted)).scrape("threads_token_scope") == [
        'threads_token_scope{account="acme",scope="threads_basic"} 1.0',
        'threads_token_scope{account="acme",scope="threads_content_publish"} 0.0',
        'threads_token_scope{account="acme",scope="threads_delete"} 0.0',
        'threads_token_scope{account="acme",scope="threads_location_tagging"} 0.0',
        'threads_token_scope{account="acme",scope="threads_manage_insights"} 1.0',
        'threads_token_scope{account="acme",scope="threads_manage_replies"} 0.0',
    ]
