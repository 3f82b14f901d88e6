from dataclasses import replace

import pytest

from exporter.domain import ContainerStatus, FailureReason, Poll, QuotaKind, TokenInvalidReason
from exporter.observations.model import ContainerSummary, PollRecord, TokenReading
from exporter.web.landing.attention import Tone
from exporter.web.landing.rows import AccountRow, Badge, QuotaCell, row_of
from tests.web.landing.observed import DAY, NOW, failed, polled, quotas, seen, token


def test_an_account_that_was_never_polled_is_unknown_yet() -> None:
    assert row_of(seen("acme", "1784"), NOW) == AccountRow(
        name="acme",
        user_id="1784",
        tone=Tone.QUIET,
        token=Badge("unknown yet", Tone.QUIET),
        quotas={},
        unfinished=0,
        failed=0,
        quota_seen="never",
        failures=(),
        paused="",
    )


@pytest.mark.parametrize(
    ("reading", "badge"),
    [
        (token(expires_in=30 * DAY), Badge("unknown yet", Tone.QUIET, "expires in 30 d")),
        (token(valid=True), Badge("valid", Tone.GOOD)),
        (token(valid=True, expires_in=8 * DAY), Badge("valid", Tone.GOOD, "expires in 8 d")),
        (
            token(valid=True, expires_in=4 * DAY + 3 * 3600),
            Badge("expires soon", Tone.NOTICE, "expires in 4 d 3 h"),
        ),
        (token(valid=True, expires_in=-DAY), Badge("expired", Tone.BAD, "expired 1 d ago")),
        (token(valid=False), Badge("invalid", Tone.BAD)),
        (token(valid=False, expires_in=DAY), Badge("invalid", Tone.BAD)),
        (
            TokenReading(valid=False, invalid_reason=TokenInvalidReason.SESSION_INVALIDATED),
            Badge("session invalidated", Tone.BAD),
        ),
    ],
)
def test_a_token_is_told_by_its_state_and_the_time_left(
    reading: TokenReading, badge: Badge
) -> None:
    assert row_of(replace(seen(), token=reading), NOW).token == badge


def test_quotas_are_told_by_their_share_of_the_limit() -> None:
    reading = quotas(publish=(199, 250), reply=(80, 100), delete=(5, 4), location_search=(7, None))

    assert row_of(replace(seen(), quota_reading=reading), NOW).quotas == {
        QuotaKind.PUBLISH: QuotaCell(199, 250, 0.796, Tone.GOOD),
        QuotaKind.REPLY: QuotaCell(80, 100, 0.8, Tone.NOTICE),
        QuotaKind.DELETE: QuotaCell(5, 4, 1.25, Tone.BAD),
        QuotaKind.LOCATION_SEARCH: QuotaCell(7, None, None, Tone.GOOD),
    }


def test_a_quota_that_was_refused_tells_why() -> None:
    observation = replace(
        seen(),
        quota_reading=quotas(publish=(1, 250)),
        refused_quotas={QuotaKind.DELETE: FailureReason.PERMISSION},
    )

    assert row_of(observation, NOW).quotas == {
        QuotaKind.PUBLISH: QuotaCell(1, 250, 0.004, Tone.GOOD),
        QuotaKind.DELETE: FailureReason.PERMISSION,
    }


def test_containers_are_counted_as_unfinished_and_failed() -> None:
    counts = dict.fromkeys(ContainerStatus, 1) | {ContainerStatus.IN_PROGRESS: 10}
    row = row_of(replace(seen(), containers=ContainerSummary(by_status=counts)), NOW)

    assert (row.unfinished, row.failed) == (11, 2)


def test_the_last_quota_success_is_told_by_its_age() -> None:
    record = PollRecord(succeeded=False, last_success_at=NOW - 12)

    assert row_of(replace(seen(), polls={Poll.QUOTA: record}), NOW).quota_seen == "12 s ago"


def test_failures_that_go_on_come_before_those_that_are_over() -> None:
    observation = replace(
        seen(),
        polls=polled(quota=True, container=False),
        last_failures=failed(quota="timeout", token="dns", container="rate_limited"),
    )
    row = row_of(observation, NOW)

    assert row.failures == (
        Badge("container: rate limited", Tone.BAD),
        Badge("quota: timeout", Tone.QUIET),
        Badge("token: dns", Tone.QUIET),
    )
    assert row.tone is Tone.NOTICE


@pytest.mark.parametrize(
    ("until", "words"), [(NOW + 61, "paused for 1 min 1 s"), (NOW, ""), (None, "")]
)
def test_a_pause_is_told_while_it_lasts(until: float | None, words: str) -> None:
    assert row_of(replace(seen(), paused_until=until), NOW).paused == words
