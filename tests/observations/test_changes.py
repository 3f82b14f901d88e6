from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from exporter.domain import (
    AccountIdentity,
    ContainerStatus,
    FailureReason,
    KnownError,
    Poll,
    Quota,
    QuotaKind,
    TokenInvalidReason,
    UsageResource,
)
from exporter.observations import changes
from exporter.observations.model import (
    AccountObservation,
    ContainerSummary,
    PollRecord,
    QuotaReading,
    TokenReading,
    UsageReading,
)
from exporter.observations.store import Change

UNSEEN = AccountObservation(AccountIdentity("acme", "me", "", MappingProxyType({})))
ERROR = KnownError("user_rate_limit", "rate_limit", "wait", "Let the account rest.")
QUOTAS = {QuotaKind.PUBLISH: Quota(1, 250, 86_400)}
TOKEN = TokenReading(valid=True, expires_at=1_800_000_000, scopes=frozenset({"threads_basic"}))
EVERY_CHANGE: Mapping[str, Change] = {
    "poll_succeeded": changes.poll_succeeded(Poll.QUOTA, 5.0),
    "poll_failed": changes.poll_failed(Poll.QUOTA, FailureReason.DNS),
    "error_met": changes.error_met(ERROR),
    "quotas_read": changes.quotas_read(QUOTAS, 7.0),
    "quotas_refused": changes.quotas_refused({QuotaKind.DELETE: FailureReason.PERMISSION}),
    "token_replaced": changes.token_replaced(TOKEN),
    "token_valid": changes.token_valid,
    "token_invalid": changes.token_invalid(TokenInvalidReason.REVOKED),
    "usage_read": changes.usage_read({UsageResource.CALL_COUNT: 0.5}, 7.0),
    "containers_counted": changes.containers_counted(
        ContainerSummary(by_status={ContainerStatus.PENDING: 1})
    ),
    "paused_until": changes.paused_until(99.0),
}


def apply(*steps: Change) -> AccountObservation:
    seen = UNSEEN
    for step in steps:
        seen = step(seen)
    return seen


@pytest.mark.parametrize("name", EVERY_CHANGE)
def test_a_change_alters_nothing_that_was_seen_before(name: str) -> None:
    before = apply(*EVERY_CHANGE.values())
    picture = repr(before)

    after = EVERY_CHANGE[name](before)

    assert repr(before) == picture
    assert after.identity is before.identity
    assert EVERY_CHANGE[name](before) == after


def test_polls_are_counted_by_how_they_went() -> None:
    seen = apply(
        changes.poll_failed(Poll.QUOTA, FailureReason.DNS),
        changes.poll_failed(Poll.QUOTA, FailureReason.DNS),
        changes.poll_failed(Poll.QUOTA, FailureReason.TLS),
        changes.poll_succeeded(Poll.TOKEN, 5.0),
    )

    assert seen.polls == {
        Poll.QUOTA: PollRecord(
            succeeded=False, total=3, failures={FailureReason.DNS: 2, FailureReason.TLS: 1}
        ),
        Poll.TOKEN: PollRecord(succeeded=True, total=1, last_success_at=5.0),
    }
    assert seen.last_failures == {Poll.QUOTA: FailureReason.TLS}


def test_a_success_ends_the_failure_of_its_own_poll_and_keeps_the_counts() -> None:
    seen = apply(
        changes.poll_failed(Poll.QUOTA, FailureReason.DNS),
        changes.poll_failed(Poll.TOKEN, FailureReason.TLS),
        changes.poll_succeeded(Poll.QUOTA, 5.0),
    )

    assert seen.polls[Poll.QUOTA] == PollRecord(
        succeeded=True, total=2, failures={FailureReason.DNS: 1}, last_success_at=5.0
    )
    assert seen.last_failures == {Poll.TOKEN: FailureReason.TLS}


def test_accounts_that_failed_alike_share_what_was_counted() -> None:
    def failed(*reasons: FailureReason) -> AccountObservation:
        return apply(*(changes.poll_failed(Poll.QUOTA, reason) for reason in reasons))

    one = failed(FailureReason.DNS, FailureReason.TLS, FailureReason.DNS)
    other = failed(FailureReason.TLS, FailureReason.DNS, FailureReason.DNS)

    assert one.polls[Poll.QUOTA].failures is other.polls[Poll.QUOTA].failures
    assert apply(changes.error_met(ERROR)).errors is apply(changes.error_met(ERROR)).errors


def test_a_failure_keeps_the_time_of_the_last_success() -> None:
    seen = apply(
        changes.poll_succeeded(Poll.QUOTA, 5.0), changes.poll_failed(Poll.QUOTA, FailureReason.DNS)
    )

    assert seen.polls[Poll.QUOTA].last_success_at == 5.0
    assert not seen.polls[Poll.QUOTA].succeeded


def test_errors_are_counted() -> None:
    other = replace(ERROR, name="app_rate_limit")

    seen = apply(changes.error_met(ERROR), changes.error_met(other), changes.error_met(ERROR))

    assert seen.errors == {ERROR: 2, other: 1}


def test_a_verdict_changes_no_other_fact_of_a_token() -> None:
    replaced = changes.token_replaced(TOKEN)
    revoked = changes.token_invalid(TokenInvalidReason.REVOKED)

    assert apply(replaced, revoked).token == replace(
        TOKEN, valid=False, invalid_reason=TokenInvalidReason.REVOKED
    )
    assert apply(replaced, revoked, changes.token_valid).token == TOKEN


def test_what_an_old_token_showed_goes_with_it() -> None:
    seen = apply(
        changes.quotas_read(QUOTAS, 7.0),
        changes.quotas_refused({QuotaKind.DELETE: FailureReason.PERMISSION}),
        changes.token_valid,
        changes.error_met(ERROR),
        changes.token_replaced(TokenReading(expires_at=1)),
    )

    assert seen == replace(UNSEEN, token=TokenReading(expires_at=1), errors={ERROR: 1})


def test_what_was_read_last_takes_the_place_of_what_was_read_before() -> None:
    summary = ContainerSummary(by_status={ContainerStatus.ERROR: 2})
    fewer = {QuotaKind.REPLY: Quota(2, None, None)}

    seen = apply(
        *EVERY_CHANGE.values(),
        changes.quotas_read(fewer, 8.0),
        changes.quotas_refused({}),
        changes.usage_read({UsageResource.TOTAL_TIME: 0.1}, 8.0),
        changes.containers_counted(summary),
        changes.paused_until(100.0),
    )

    assert seen.quota_reading == QuotaReading(fewer, 8.0)
    assert seen.refused_quotas == {}
    assert seen.usage_reading == UsageReading({UsageResource.TOTAL_TIME: 0.1}, 8.0)
    assert seen.containers is summary
    assert seen.paused_until == 100.0


def test_quotas_are_read_together_with_those_that_are_refused() -> None:
    refused = {QuotaKind.DELETE: FailureReason.UNSUPPORTED}

    seen = apply(changes.quotas_read(QUOTAS, 7.0, refused))

    assert seen.quota_reading == QuotaReading(QUOTAS, 7.0)
    assert seen.refused_quotas == refused
    assert changes.quotas_read(QUOTAS, 8.0)(seen).refused_quotas is UNSEEN.refused_quotas


def test_what_is_empty_is_kept_once_for_all_accounts() -> None:
    seen = apply(
        changes.poll_succeeded(Poll.QUOTA, 5.0),
        changes.quotas_refused({}),
        changes.errors_reported({}),
        changes.containers_counted(ContainerSummary(by_status={})),
    )

    assert seen.last_failures is UNSEEN.last_failures
    assert seen.refused_quotas is UNSEEN.refused_quotas
    assert seen.reported_errors is UNSEEN.reported_errors
    assert seen.containers is UNSEEN.containers
