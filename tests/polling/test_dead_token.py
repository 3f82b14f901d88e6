import pytest

from exporter.domain import Endpoint, FailureReason, Poll, TokenInvalidReason
from exporter.simulator import Inspectors
from exporter.simulator.faults import EchoedToken, Fault, html_page, too_many_requests
from exporter.simulator.graph import (
    CANNOT_PARSE,
    CHECKPOINTED,
    MALFORMED,
    REVOKED,
    SESSION_INVALIDATED,
    expired,
)
from tests.polling.bench import HOUR, MINUTE, Bench

QUOTA, TOKEN, CONTAINER = Poll.QUOTA, Poll.TOKEN, Poll.CONTAINER


@pytest.mark.parametrize("poll", Poll)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (REVOKED, TokenInvalidReason.REVOKED),
        (SESSION_INVALIDATED, TokenInvalidReason.SESSION_INVALIDATED),
        (expired(1_789_999_000), TokenInvalidReason.EXPIRED),
        (MALFORMED, TokenInvalidReason.MALFORMED),
        (CANNOT_PARSE, TokenInvalidReason.MALFORMED),
        (CHECKPOINTED, TokenInvalidReason.OTHER),
        (EchoedToken(), TokenInvalidReason.OTHER),
    ],
)
def test_a_190_at_any_poll_flips_the_token_at_once(
    bench: Bench, poll: Poll, fault: Fault, reason: TokenInvalidReason
) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    bench.world.inject(fault)

    assert not bench.poll(acme, poll)

    assert bench.failure(acme, poll) is FailureReason.TOKEN_INVALID
    assert bench.seen(acme).token.valid is False
    assert bench.seen(acme).token.invalid_reason is reason
    assert len(bench.calls(acme)) == 1


def test_a_dead_token_is_asked_about_once_an_hour_by_all_polls_together(bench: Bench) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    acme.revoke_token()
    bench.poll(acme, QUOTA)
    assert bench.endpoints(acme) == [Endpoint.PUBLISHING_LIMIT]

    bench.clock.advance(MINUTE)
    bench.poll_each_minute(acme, QUOTA, TOKEN, CONTAINER, minutes=59)
    assert bench.endpoints(acme) == []
    assert bench.failure(acme, QUOTA) is FailureReason.TOKEN_INVALID
    assert bench.failure(acme, TOKEN) is FailureReason.TOKEN_INVALID

    bench.poll_each_minute(acme, QUOTA, TOKEN, CONTAINER, minutes=60)
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN]

    bench.poll_each_minute(acme, QUOTA, TOKEN, CONTAINER, minutes=60)
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN]


def test_a_token_that_meta_takes_again_is_polled_in_the_same_run(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()
    bench.poll(acme, QUOTA)
    acme.accept_token()
    bench.clock.advance(HOUR)
    bench.endpoints(acme)

    assert bench.poll(acme, QUOTA)

    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN, Endpoint.PUBLISHING_LIMIT]
    assert bench.seen(acme).token.valid is True
    assert bench.seen(acme).token.invalid_reason is None


def test_where_debug_token_is_refused_a_dead_token_is_tried_once_an_hour(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inspectors = Inspectors.TESTERS
    bench.poll(acme, TOKEN)
    acme.revoke_token()
    bench.poll(acme, QUOTA)
    bench.endpoints(acme)

    bench.poll_each_minute(acme, QUOTA, TOKEN, minutes=61)
    assert bench.endpoints(acme) == [Endpoint.ME]

    acme.accept_token()
    bench.poll_each_minute(acme, QUOTA, TOKEN, minutes=60)
    assert bench.endpoints(acme)[:2] == [Endpoint.ME, Endpoint.PUBLISHING_LIMIT]
    assert bench.seen(acme).token.valid is True


def test_an_answered_poll_shows_that_meta_takes_the_token(bench: Bench) -> None:
    acme = bench.add_account("acme")

    bench.poll(acme, QUOTA)

    assert bench.seen(acme).token.valid is True


def test_an_odd_failure_is_no_verdict_on_the_token(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(html_page(502))

    bench.poll(acme, QUOTA)

    assert bench.seen(acme).token.valid is None


def test_one_accounts_dead_token_changes_nothing_for_another(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    acme.revoke_token()

    bench.poll(acme, QUOTA)

    assert bench.poll(zebra, QUOTA)
    assert bench.seen(zebra).token.valid is True


def test_a_new_token_file_brings_the_account_back_at_once(bench: Bench) -> None:
    acme = bench.add_account("acme", token_expires_at=1_800_000_000)
    bench.poll(acme, TOKEN)
    acme.revoke_token()
    bench.poll(acme, QUOTA)

    due = bench.rotate(acme, "sim-token-acme-2")

    assert due == [(QUOTA, "acme"), (TOKEN, "acme")]
    assert bench.seen(acme).token.valid is None
    assert bench.seen(acme).token.expires_at == 1_800_000_000
    assert bench.seen(acme).quota_reading is None
    assert all(bench.poller.run(name, poll).is_success for poll, name in due)
    assert bench.endpoints(acme) == [Endpoint.PUBLISHING_LIMIT, Endpoint.DEBUG_TOKEN]
    assert bench.seen(acme).token.valid is True
    assert bench.seen(acme).token.expires_at == acme.token.expires_at
    assert bench.redactor.redact("?token=sim-token-acme-2") == "?token=<secret>"


def test_a_file_with_the_same_token_changes_nothing(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, TOKEN)
    before = bench.seen(acme)

    bench.write_token("acme", acme.token.value)

    assert bench.poller.refresh_tokens() == []
    assert bench.seen(acme) == before


@pytest.mark.parametrize("content", ["", "two words", "tøken"])
def test_a_broken_token_file_leaves_the_token_of_before(bench: Bench, content: str) -> None:
    acme = bench.add_account("acme")
    bench.write_token("acme", content)

    assert bench.poller.refresh_tokens() == []
    assert bench.poller.refresh_tokens() == []

    assert bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 1


def test_a_late_refusal_of_the_old_token_says_nothing_of_the_new_one(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()

    with bench.answers_held_back(acme, QUOTA) as answer:
        bench.rotate(acme, "sim-token-acme-2")
        assert bench.poll(acme, TOKEN)
        assert not answer()

    assert bench.seen(acme).token.valid is True
    assert bench.poll(acme, QUOTA)


@pytest.mark.parametrize("poll", [QUOTA, TOKEN])
def test_a_late_answer_to_the_old_token_says_nothing_of_the_new_one(
    bench: Bench, poll: Poll
) -> None:
    acme = bench.add_account("acme")

    with bench.answers_held_back(acme, poll) as answer:
        bench.rotate(acme, "sim-token-acme-2")
        assert answer()

    assert bench.seen(acme).token.valid is None
    assert bench.seen(acme).token.issued_at is None


def test_a_dead_token_is_not_asked_about_within_a_pause(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()
    bench.poll(acme, QUOTA)
    bench.clock.advance(HOUR)
    bench.world.inject(too_many_requests("7200"), times=1)
    bench.poll(acme, QUOTA)
    bench.endpoints(acme)

    bench.clock.advance(HOUR)
    bench.poll(acme, QUOTA)

    assert bench.endpoints(acme) == []
    assert bench.seen(acme).token.valid is False
