from dataclasses import replace

import pytest

from exporter.domain import Endpoint, FailureReason, Poll, TokenInvalidReason
from exporter.observations.model import TokenReading
from exporter.simulator import Inspectors
from exporter.simulator.faults import Canned, Fault, html_page, json_body
from exporter.simulator.graph import MALFORMED, NOT_PROPAGATED, REVOKED, missing_object
from exporter.simulator.tokens import ALL_SCOPES
from tests.polling.bench import DAY, Bench

TOKEN = Poll.TOKEN


def test_a_token_is_asked_about_with_itself(bench: Bench) -> None:
    acme = bench.add_account("acme")

    assert bench.poll(acme, TOKEN)

    assert bench.seen(acme).token == TokenReading(
        valid=True,
        expires_at=acme.token.expires_at,
        data_access_expires_at=acme.token.data_access_expires_at,
        issued_at=acme.token.issued_at,
        scopes=ALL_SCOPES,
    )
    [call] = bench.calls(acme)
    assert call.endpoint == Endpoint.DEBUG_TOKEN
    assert call.query["input_token"] == acme.token.value


def test_an_expiry_of_0_is_none(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.set_token(expires_at=0, data_access_expires_at=0)

    assert bench.poll(acme, TOKEN)

    assert bench.seen(acme).token.valid is True
    assert bench.seen(acme).token.expires_at is None
    assert bench.seen(acme).token.data_access_expires_at is None


def test_the_configured_expiry_stands_until_meta_names_one(bench: Bench) -> None:
    acme = bench.add_account("acme", token_expires_at=1_800_000_000)
    real_expiry = acme.token.expires_at
    assert bench.seen(acme).token == TokenReading(expires_at=1_800_000_000)

    acme.set_token(expires_at=0)
    bench.poll(acme, TOKEN)
    assert bench.seen(acme).token.expires_at == 1_800_000_000

    acme.set_token(expires_at=real_expiry)
    bench.poll(acme, TOKEN)
    assert bench.seen(acme).token.expires_at == real_expiry


def test_the_scopes_are_those_granted_now(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, TOKEN)
    acme.withdraw("threads_delete")

    bench.poll(acme, TOKEN)

    assert bench.seen(acme).token.scopes == ALL_SCOPES - {"threads_delete"}


@pytest.mark.parametrize("fault", [html_page(502), json_body({"data": {}}), Canned(403, b"{}")])
def test_the_facts_outlive_failed_polls(bench: Bench, fault: Fault) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, TOKEN)
    known = bench.seen(acme).token
    outage = bench.world.inject(fault)

    assert not bench.poll(acme, TOKEN)
    assert bench.seen(acme).token == known

    outage.clear()
    bench.endpoints(acme)
    assert bench.poll(acme, TOKEN)
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN]


@pytest.mark.parametrize(
    "refusal", [None, missing_object("debug_token"), NOT_PROPAGATED], ids=["tester", "33", "24"]
)
def test_where_debug_token_is_refused_me_is_asked_for_a_day(
    bench: Bench, refusal: Fault | None
) -> None:
    acme = bench.add_account("acme", token_expires_at=1_800_000_000)
    bench.world.inspectors = Inspectors.TESTERS
    if refusal is not None:
        bench.world.inject(refusal, endpoint=Endpoint.DEBUG_TOKEN)

    assert bench.poll(acme, TOKEN)
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN, Endpoint.ME]
    assert bench.seen(acme).token == TokenReading(valid=True, expires_at=1_800_000_000)

    bench.clock.advance(DAY - 1)
    assert bench.poll(acme, TOKEN)
    assert [call.query["fields"] for call in bench.calls(acme)] == ["id"]
    assert bench.endpoints(acme) == [Endpoint.ME]

    bench.clock.advance(1)
    assert bench.poll(acme, TOKEN)
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN, Endpoint.ME]


def test_a_new_token_is_asked_about_anew(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inspectors = Inspectors.TESTERS
    bench.poll(acme, TOKEN)
    bench.endpoints(acme)

    bench.rotate(acme, "sim-token-acme-2")
    bench.poll(acme, TOKEN)

    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN, Endpoint.ME]


@pytest.mark.parametrize("answer", [missing_object("me"), NOT_PROPAGATED])
def test_a_token_whose_own_user_is_not_found_is_dead(bench: Bench, answer: Fault) -> None:
    acme = bench.add_account("acme")
    bench.world.inspectors = Inspectors.TESTERS
    bench.world.inject(answer, endpoint=Endpoint.ME)

    assert not bench.poll(acme, TOKEN)

    assert bench.failure(acme, TOKEN) is FailureReason.NOT_FOUND
    assert bench.seen(acme).token.valid is False
    assert bench.seen(acme).token.invalid_reason is TokenInvalidReason.OTHER


def test_me_may_fail_without_a_verdict_on_the_token(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.world.inspectors = Inspectors.TESTERS
    bench.world.inject(html_page(502), endpoint=Endpoint.ME)

    assert not bench.poll(acme, TOKEN)

    assert bench.failure(acme, TOKEN) is FailureReason.TRANSIENT
    assert bench.seen(acme).token.valid is None


def test_metas_word_that_a_token_is_invalid_keeps_the_known_facts(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, TOKEN)
    known = bench.seen(acme).token
    bench.world.dead_tokens_inspect_themselves = True
    acme.revoke_token()
    acme.set_token(expires_at=0, scopes=())

    assert bench.poll(acme, TOKEN)

    assert bench.seen(acme).token == replace(
        known, valid=False, invalid_reason=TokenInvalidReason.REVOKED
    )


@pytest.mark.parametrize(
    ("expires_in", "reason"), [(-60, TokenInvalidReason.EXPIRED), (60, TokenInvalidReason.OTHER)]
)
def test_an_unexplained_death_past_the_expiry_is_expiry(
    bench: Bench, expires_in: int, reason: TokenInvalidReason
) -> None:
    acme = bench.add_account("acme")
    expires_at = int(bench.clock.wall()) + expires_in
    bench.world.inject(json_body({"data": {"is_valid": False, "expires_at": expires_at}}))

    bench.poll(acme, TOKEN)

    assert bench.seen(acme).token == TokenReading(
        valid=False, invalid_reason=reason, expires_at=expires_at
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(REVOKED, TokenInvalidReason.REVOKED), (MALFORMED, TokenInvalidReason.MALFORMED)],
)
def test_a_190_of_debug_token_itself_is_a_verdict(
    bench: Bench, fault: Fault, reason: TokenInvalidReason
) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(fault)

    assert not bench.poll(acme, TOKEN)

    assert bench.failure(acme, TOKEN) is FailureReason.TOKEN_INVALID
    assert bench.seen(acme).token.invalid_reason is reason
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN]


def test_an_answer_of_nothing_but_the_verdict_keeps_the_known_facts(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, TOKEN)
    known = bench.seen(acme).token
    error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
    bench.world.inject(json_body({"data": {"error": error, "is_valid": False, "scopes": []}}))

    bench.poll(acme, TOKEN)

    assert bench.seen(acme).token == replace(
        known, valid=False, invalid_reason=TokenInvalidReason.MALFORMED
    )
