import pytest

from exporter.config.settings import TokenPollSettings
from exporter.domain import Endpoint, FailureReason, Poll, TokenInvalidReason, UsageResource
from exporter.observations.model import UsageReading
from exporter.simulator import Inspectors
from exporter.simulator.faults import Fault, app_usage, html_page
from exporter.simulator.graph import APP_LIMIT, BLOCKED, REVOKED, USER_LIMIT
from tests.polling.bench import DAY, HOUR, MINUTE, Bench

TOKEN = Poll.TOKEN
QUOTA = Poll.QUOTA


def test_the_inspector_asks_and_pays(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()

    assert bench.poll(acme, TOKEN)

    [call] = bench.calls(inspector)
    assert call.endpoint == Endpoint.DEBUG_TOKEN
    assert call.query["input_token"] == acme.token.value
    assert bench.calls(acme) == ()
    assert bench.seen(acme).token.expires_at == acme.token.expires_at
    assert bench.poller.calls_24h("acme") == 0
    assert bench.inspector_valid() is True


def test_without_an_inspector_nothing_is_known_of_its_token(bench: Bench) -> None:
    assert bench.inspector_valid() is None


def test_the_inspectors_usage_is_not_the_accounts(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    bench.world.inject(app_usage({"call_count": 90}), token=inspector.token.value)
    bench.world.inject(app_usage({"call_count": 5}), token=acme.token.value)

    bench.poll(acme, TOKEN)
    assert bench.seen(acme).usage_reading is None

    bench.poll(acme, QUOTA)
    assert bench.seen(acme).usage_reading == UsageReading(
        {UsageResource.CALL_COUNT: 0.05}, bench.clock.monotonic()
    )


def test_a_dead_token_that_the_inspector_finds_is_reported_with_its_reason(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    acme.invalidate_session()

    assert bench.poll(acme, TOKEN)

    assert bench.seen(acme).token.valid is False
    assert bench.seen(acme).token.invalid_reason is TokenInvalidReason.SESSION_INVALIDATED
    assert bench.seen(acme).token.expires_at == acme.token.expires_at

    bench.poll_each_minute(acme, TOKEN, QUOTA, minutes=60)
    assert len(bench.calls(inspector)) == 1
    bench.poll(acme, TOKEN)
    assert len(bench.calls(inspector)) == 2
    assert bench.calls(acme) == ()


@pytest.mark.parametrize("trouble", [REVOKED, USER_LIMIT, BLOCKED])
def test_an_inspector_in_trouble_leaves_the_account_its_own_way_and_no_blame(
    bench: Bench, trouble: Fault
) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    bench.world.inject(trouble, token=inspector.token.value)

    assert bench.poll(acme, TOKEN)
    assert bench.poll(acme, TOKEN)

    assert len(bench.calls(inspector)) == 1
    assert [call.endpoint for call in bench.calls(acme)] == [Endpoint.DEBUG_TOKEN] * 2
    assert bench.seen(acme).token.valid is True
    assert bench.seen(acme).errors == {}
    assert bench.pause(acme) == 0


def test_a_limit_of_the_app_that_the_inspector_meets_is_the_accounts_too(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    bench.world.inject(APP_LIMIT, token=inspector.token.value)

    assert not bench.poll(acme, TOKEN)

    assert bench.failure(acme, TOKEN) is FailureReason.RATE_LIMITED
    assert bench.pause(acme) > 0
    assert bench.calls(acme) == ()


def test_an_inspector_out_of_budget_leaves_the_accounts_their_own_way(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    inspector = bench.add_inspector()
    bench.set_polling(call_budget=1)

    assert bench.poll(acme, TOKEN)
    assert bench.poll(zebra, TOKEN)

    assert len(bench.calls(inspector)) == 1
    assert bench.calls(acme) == ()
    assert bench.endpoints(zebra) == [Endpoint.DEBUG_TOKEN]
    assert bench.seen(zebra).token.valid is True


def test_an_outage_of_debug_token_is_a_failed_poll(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.add_inspector()
    bench.world.inject(html_page(502))

    assert not bench.poll(acme, TOKEN)

    assert bench.failure(acme, TOKEN) is FailureReason.TRANSIENT
    assert [error.name for error in bench.seen(acme).errors] == ["http_server_error"]
    assert bench.calls(acme) == ()


def test_a_dead_inspector_is_asked_once_an_hour_for_all_accounts(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    inspector = bench.add_inspector()
    inspector.revoke_token()

    for _ in range(60):
        bench.poll(acme, TOKEN)
        bench.poll(zebra, TOKEN)
        bench.clock.advance(MINUTE)

    assert len(bench.calls(inspector)) == 1
    assert bench.inspector_valid() is False
    inspector.accept_token()
    bench.poll(acme, TOKEN)
    assert len(bench.calls(inspector)) == 2
    assert bench.inspector_valid() is True


def test_a_new_inspector_token_is_used_at_once(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    inspector.revoke_token()
    bench.poll(acme, TOKEN)

    inspector.rotate_token("sim-token-inspector-2")
    bench.write_token("the-inspector", "sim-token-inspector-2")
    assert bench.poller.refresh_tokens() == []
    assert bench.inspector_valid() is None
    bench.poll(acme, TOKEN)

    assert len(bench.calls(inspector)) == 1
    assert bench.inspector_valid() is True
    assert bench.redactor.redact("sim-token-inspector-2") == "<secret>"


def test_an_inspector_that_meta_does_not_take_is_asked_again_after_a_day(bench: Bench) -> None:
    acme = bench.add_account("acme")
    stranger = bench.add_inspector(bench.world.add_user("stranger"))

    for _ in range(2):
        assert bench.poll(acme, TOKEN)
        bench.clock.advance(DAY - 1)
    assert len(bench.calls(stranger)) == 1
    assert len(bench.calls(acme)) == 2
    assert bench.inspector_valid() is None

    bench.poll(acme, TOKEN)
    assert len(bench.calls(stranger)) == 2


def test_a_new_token_of_a_refused_inspector_is_tried_at_once(bench: Bench) -> None:
    acme = bench.add_account("acme")
    stranger = bench.add_inspector(bench.world.add_user("stranger"))
    bench.poll(acme, TOKEN)
    stranger.rotate_token("sim-token-tester")
    stranger.token.tester = True

    bench.write_token("the-inspector", "sim-token-tester")
    bench.poller.refresh_tokens()
    bench.poll(acme, TOKEN)

    assert len(bench.calls(stranger)) == 1
    assert len(bench.calls(acme)) == 1


def test_another_inspector_in_the_configuration_is_tried_at_once(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.add_inspector(bench.world.add_user("stranger"))
    bench.poll(acme, TOKEN)
    tester = bench.world.add_tester("tester")

    file = bench.write_token("another-inspector", tester.token.value)
    bench.set_polling(token=TokenPollSettings(inspector_token_file=file))
    bench.poll(acme, TOKEN)

    assert len(bench.calls(tester)) == 1
    assert len(bench.calls(acme)) == 1


def test_a_removed_inspector_is_asked_no_more(bench: Bench) -> None:
    acme = bench.add_account("acme")
    inspector = bench.add_inspector()
    bench.set_polling(token=TokenPollSettings())

    assert bench.poll(acme, TOKEN)

    assert bench.calls(inspector) == ()
    assert len(bench.calls(acme)) == 1
    assert bench.inspector_valid() is None


def test_with_every_debug_token_refused_me_alone_is_asked(bench: Bench) -> None:
    acme = bench.add_account("acme")
    stranger = bench.add_inspector(bench.world.add_user("stranger"))
    bench.world.inspectors = Inspectors.TESTERS

    bench.poll(acme, TOKEN)
    assert len(bench.calls(stranger)) == 1
    assert bench.endpoints(acme) == [Endpoint.DEBUG_TOKEN, Endpoint.ME]

    bench.clock.advance(HOUR)
    bench.poll(acme, TOKEN)
    assert bench.calls(stranger) == ()
    assert bench.endpoints(acme) == [Endpoint.ME]
