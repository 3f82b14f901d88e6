import pytest

from exporter.domain import Endpoint, FailureReason, Poll, Quota, QuotaKind
from exporter.simulator import MissingPermission
from exporter.simulator.faults import Canned, Fault, html_page, json_body
from exporter.simulator.graph import NOT_PROPAGATED, SERVICE_UNAVAILABLE, missing_object
from exporter.simulator.permissions import FIELD_OWNERS
from exporter.threads_api.answers import QUOTA_FIELDS
from tests.polling.bench import MINUTE, Bench, WhenAsking

QUOTA = Poll.QUOTA
REPLY_FIELDS = QUOTA_FIELDS[QuotaKind.REPLY]
REMEMBERED = [MissingPermission.CODE_10, MissingPermission.CODE_200]


def fields_asked(bench: Bench) -> list[set[str]]:
    """Return the fields of each quota call since this was last asked."""
    calls = bench.world.calls(endpoint=Endpoint.PUBLISHING_LIMIT)
    bench.world.log.clear()
    return [set(call.query["fields"].split(",")) for call in calls]


def fields_of(*kinds: QuotaKind) -> set[str]:
    return {name for kind in kinds for name in QUOTA_FIELDS[kind]}


ALL_FIELDS = fields_of(*QuotaKind)


def test_all_eight_fields_are_read_in_one_call(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.publish(3)
    acme.reply(2)
    acme.delete(1)
    acme.search_location(4)
    acme.set_quota(QuotaKind.PUBLISH, total=300, duration=7200)

    assert bench.poll(acme, QUOTA)

    reading = bench.seen(acme).quota_reading
    assert reading is not None
    assert reading.quotas == {
        QuotaKind.PUBLISH: Quota(3, 300, 7200),
        QuotaKind.REPLY: Quota(2, 1000, 86_400),
        QuotaKind.DELETE: Quota(1, 100, 86_400),
        QuotaKind.LOCATION_SEARCH: Quota(4, 500, 86_400),
    }
    assert reading.read_at == bench.clock.monotonic()
    assert bench.seen(acme).refused_quotas == {}
    assert set(FIELD_OWNERS) == ALL_FIELDS
    assert fields_asked(bench) == [ALL_FIELDS]


@pytest.mark.parametrize("missing", REMEMBERED)
def test_of_a_token_without_a_permission_the_other_quotas_are_read(
    bench: Bench, missing: MissingPermission
) -> None:
    acme = bench.add_account("acme")
    acme.missing_permission = missing
    acme.withdraw("threads_delete")

    assert bench.poll(acme, QUOTA)

    reading = bench.seen(acme).quota_reading
    assert reading is not None
    assert reading.quotas.keys() == set(QuotaKind) - {QuotaKind.DELETE}
    assert bench.seen(acme).refused_quotas == {QuotaKind.DELETE: FailureReason.PERMISSION}
    assert fields_asked(bench) == [ALL_FIELDS, *(fields_of(kind) for kind in QuotaKind)]


@pytest.mark.parametrize("missing", REMEMBERED)
def test_a_refused_quota_is_left_out_for_an_hour_and_taken_back_when_granted(
    bench: Bench, missing: MissingPermission
) -> None:
    acme = bench.add_account("acme")
    acme.missing_permission = missing
    acme.withdraw("threads_delete")
    bench.poll(acme, QUOTA)
    fields_asked(bench)
    without = ALL_FIELDS - fields_of(QuotaKind.DELETE)

    bench.clock.advance(MINUTE)
    bench.poll_each_minute(acme, QUOTA, minutes=59)
    assert fields_asked(bench) == [without] * 59

    bench.poll_each_minute(acme, QUOTA, minutes=60)
    assert fields_asked(bench) == [without, fields_of(QuotaKind.DELETE), *[without] * 59]
    assert bench.seen(acme).refused_quotas == {QuotaKind.DELETE: FailureReason.PERMISSION}

    acme.grant("threads_delete")
    bench.poll_each_minute(acme, QUOTA, minutes=2)
    assert fields_asked(bench) == [without, fields_of(QuotaKind.DELETE), ALL_FIELDS]
    assert bench.seen(acme).refused_quotas == {}


def test_a_quota_that_meta_drops_from_its_answer_is_reported(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.missing_permission = MissingPermission.DROPPED
    acme.withdraw("threads_delete")

    bench.poll_each_minute(acme, QUOTA, minutes=2)

    assert bench.seen(acme).refused_quotas == {QuotaKind.DELETE: FailureReason.UNSUPPORTED}
    assert bench.failure(acme, QUOTA) is None
    assert fields_asked(bench) == [ALL_FIELDS, ALL_FIELDS]


def test_a_dropped_quota_stays_reported_while_polls_fail(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.missing_permission = MissingPermission.DROPPED
    acme.withdraw("threads_delete")
    bench.poll(acme, QUOTA)
    bench.world.inject(html_page(502))

    assert not bench.poll(acme, QUOTA)

    assert bench.seen(acme).refused_quotas == {QuotaKind.DELETE: FailureReason.UNSUPPORTED}


@pytest.mark.parametrize("field", ["reply_quota_usage", "reply_config"])
def test_a_field_that_the_api_withdrew_costs_its_own_quota_alone(bench: Bench, field: str) -> None:
    acme = bench.add_account("acme")
    bench.world.withdrawn_fields.add(field)

    bench.poll_each_minute(acme, QUOTA, minutes=2)

    reading = bench.seen(acme).quota_reading
    assert reading is not None
    assert reading.quotas.keys() == set(QuotaKind) - {QuotaKind.REPLY}
    assert bench.seen(acme).refused_quotas == {QuotaKind.REPLY: FailureReason.UNSUPPORTED}
    assert fields_asked(bench)[5:] == [ALL_FIELDS - fields_of(QuotaKind.REPLY)]


def test_a_quota_that_is_dropped_when_asked_for_alone_is_refused(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.missing_permission = MissingPermission.DROPPED
    acme.withdraw("threads_location_tagging")
    bench.world.withdrawn_fields.add("delete_config")

    bench.poll_each_minute(acme, QUOTA, minutes=2)

    reading = bench.seen(acme).quota_reading
    assert reading is not None
    assert reading.quotas.keys() == {QuotaKind.PUBLISH, QuotaKind.REPLY}
    assert bench.seen(acme).refused_quotas == {
        QuotaKind.DELETE: FailureReason.UNSUPPORTED,
        QuotaKind.LOCATION_SEARCH: FailureReason.UNSUPPORTED,
    }
    assert fields_asked(bench)[5:] == [fields_of(QuotaKind.PUBLISH, QuotaKind.REPLY)]


def test_with_every_quota_refused_the_poll_fails_and_asks_once_an_hour(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.withdraw("threads_basic")

    assert not bench.poll(acme, QUOTA)
    assert len(fields_asked(bench)) == 5

    bench.clock.advance(MINUTE)
    bench.poll_each_minute(acme, QUOTA, minutes=59)
    assert fields_asked(bench) == []
    assert bench.failure(acme, QUOTA) is FailureReason.PERMISSION
    assert bench.seen(acme).polls[QUOTA].failures == {FailureReason.PERMISSION: 60}
    assert bench.seen(acme).refused_quotas == dict.fromkeys(QuotaKind, FailureReason.PERMISSION)

    assert not bench.poll(acme, QUOTA)
    assert fields_asked(bench) == [fields_of(kind) for kind in QuotaKind]


@pytest.mark.parametrize("fault", [html_page(403), Canned(403, b"{}")])
def test_a_refusal_that_is_not_metas_own_is_not_remembered(bench: Bench, fault: Fault) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(fault, times=1)

    assert not bench.poll(acme, QUOTA)
    assert bench.failure(acme, QUOTA) is FailureReason.PERMISSION
    assert bench.seen(acme).refused_quotas == {}

    assert bench.poll(acme, QUOTA)
    assert fields_asked(bench) == [ALL_FIELDS, ALL_FIELDS]


def test_a_failure_amid_single_calls_fails_the_poll_and_keeps_the_last_reading(
    bench: Bench,
) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, QUOTA)
    before = bench.seen(acme).quota_reading
    fields_asked(bench)
    acme.withdraw("threads_delete")
    outage = bench.world.inject(WhenAsking(REPLY_FIELDS, SERVICE_UNAVAILABLE))

    assert not bench.poll(acme, QUOTA)
    assert bench.failure(acme, QUOTA) is FailureReason.TRANSIENT
    assert bench.seen(acme).quota_reading is before
    assert fields_asked(bench) == [ALL_FIELDS, fields_of(QuotaKind.PUBLISH), set(REPLY_FIELDS)]

    outage.clear()
    assert bench.poll(acme, QUOTA)
    assert len(fields_asked(bench)) == 5
    assert bench.seen(acme).refused_quotas == {QuotaKind.DELETE: FailureReason.PERMISSION}


@pytest.mark.parametrize("answer", [{"data": []}, {"data": [{}]}, {"data": [{"config": {}}]}])
def test_an_answer_without_any_usage_is_malformed_and_no_usage_of_0(
    bench: Bench, answer: object
) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(json_body(answer))

    assert not bench.poll(acme, QUOTA)

    assert bench.failure(acme, QUOTA) is FailureReason.MALFORMED
    assert bench.seen(acme).quota_reading is None
    assert len(fields_asked(bench)) == 1


@pytest.mark.parametrize("fault", [missing_object("me"), NOT_PROPAGATED])
def test_a_user_that_is_not_found_raises_a_doubt_of_the_token_once_an_hour(
    bench: Bench, fault: Fault
) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(fault, endpoint=Endpoint.PUBLISHING_LIMIT)

    bench.poll_each_minute(acme, QUOTA, minutes=60)
    asked = bench.endpoints(acme)
    assert asked[:2] == [Endpoint.PUBLISHING_LIMIT, Endpoint.DEBUG_TOKEN]
    assert asked[2:] == [Endpoint.PUBLISHING_LIMIT] * 59
    assert bench.failure(acme, QUOTA) is FailureReason.NOT_FOUND
    assert bench.seen(acme).token.valid is True

    bench.poll(acme, QUOTA)
    assert bench.endpoints(acme) == [Endpoint.PUBLISHING_LIMIT, Endpoint.DEBUG_TOKEN]


def test_a_dead_token_that_meta_calls_not_found_is_found_out(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()
    bench.world.inject(NOT_PROPAGATED, endpoint=Endpoint.PUBLISHING_LIMIT)

    assert not bench.poll(acme, QUOTA)

    assert bench.seen(acme).token.valid is False
    bench.poll_each_minute(acme, QUOTA, minutes=59)
    assert len(bench.calls(acme)) == 2
    assert bench.failure(acme, QUOTA) is FailureReason.TOKEN_INVALID


def test_the_configured_user_is_asked_about(bench: Bench) -> None:
    acme = bench.add_account("acme", user_id="17841400000000000")

    assert not bench.poll(acme, QUOTA)

    assert bench.failure(acme, QUOTA) is FailureReason.NOT_FOUND
    [call] = bench.calls(acme, Endpoint.PUBLISHING_LIMIT)
    assert call.path == "/v1.0/17841400000000000/threads_publishing_limit"
