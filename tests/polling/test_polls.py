from collections.abc import Mapping
from types import MappingProxyType

import pytest
from structlog.testing import capture_logs

from exporter.domain import AccountIdentity, Endpoint, FailureReason, Poll, PollResult
from exporter.observations.model import PollRecord
from exporter.observations.store import Observations
from exporter.polling.account import PolledAccount
from exporter.polling.budget import CallBudget
from exporter.polling.calls import Calls
from exporter.polling.held_token import HeldToken
from exporter.polling.outcome import Done, PollOutcome
from exporter.polling.pauses import Pauses
from exporter.polling.polls import Polls
from exporter.secret import InlineSecret, Secret, WatchedSecret
from exporter.simulator.faults import EchoedToken, html_page, json_body, too_many_requests
from tests.clock import ControlledClock
from tests.polling.bench import MINUTE, Bench, seeded

QUOTA, TOKEN, CONTAINER = Poll.QUOTA, Poll.TOKEN, Poll.CONTAINER
ACME = AccountIdentity("acme", "me", "main", MappingProxyType({}))


class Scripted:
    """A poll that does as it is told."""

    def __init__(self, *results: PollOutcome | Exception) -> None:
        self._results = list(results)

    def run(self, account: PolledAccount) -> PollOutcome:
        assert account.name == "acme"
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def polls_of(observations: Observations, clock: ControlledClock, scripted: Scripted) -> Polls:
    observations.keep_only([ACME])
    token = HeldToken(WatchedSecret(InlineSecret(Secret("sim-token-acme"))))
    calls = Calls(CallBudget(clock, 1), Pauses(clock, seeded(1)), observations, clock)
    return Polls({"acme": PolledAccount(ACME, token)}, {QUOTA: scripted}, calls)


def test_a_crash_in_a_poll_is_recorded_logged_once_and_ends_nothing(
    clock: ControlledClock,
) -> None:
    observations = Observations()
    crash = ZeroDivisionError("a defect")
    polls = polls_of(observations, clock, Scripted(crash, crash, Done.ANSWERED, crash))

    with capture_logs() as logs:
        results = [polls.run("acme", QUOTA) for _ in range(4)]

    crashed, answered = PollResult.UNANSWERED, PollResult.ANSWERED
    assert results == [crashed, crashed, answered, crashed]
    assert observations.view()["acme"].polls[QUOTA].failures == {FailureReason.INTERNAL: 3}
    assert [line["event"] for line in logs] == [
        "poll crashed",
        "poll failed",
        "poll recovered",
        "poll crashed",
        "poll failed",
    ]


def test_an_account_that_is_not_polled_is_nothing(bench: Bench) -> None:
    assert bench.poller.run("nobody", QUOTA) is PollResult.REFUSED
    assert bench.observations.view() == {}


def test_each_poll_is_recorded(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, QUOTA)
    succeeded_at = bench.clock.wall()
    bench.clock.advance(MINUTE)
    for fault in (html_page(502), html_page(502), json_body([])):
        bench.world.inject(fault, times=1)
        bench.poll(acme, QUOTA)

    assert bench.seen(acme).polls == {
        QUOTA: PollRecord(
            succeeded=False,
            total=4,
            failures={FailureReason.TRANSIENT: 2, FailureReason.MALFORMED: 1},
            last_success_at=succeeded_at,
        )
    }


def turns(logs: list[Mapping[str, object]]) -> list[tuple[object, object, object]]:
    return [(line["event"], line["poll"], line.get("reason")) for line in logs]


def test_a_failure_is_logged_when_it_begins_changes_and_ends(bench: Bench) -> None:
    acme = bench.add_account("acme")

    with capture_logs() as logs:
        bench.poll(acme, QUOTA)
        outage = bench.world.inject(html_page(502))
        for poll in (QUOTA, QUOTA, TOKEN, QUOTA, TOKEN):
            bench.poll(acme, poll)
        outage.clear()
        garbage = bench.world.inject(json_body([]), endpoint=Endpoint.PUBLISHING_LIMIT)
        bench.poll(acme, QUOTA)
        garbage.clear()
        for poll in (QUOTA, QUOTA, TOKEN, TOKEN):
            bench.poll(acme, poll)

    assert turns(list(logs)) == [
        ("poll failed", QUOTA, FailureReason.TRANSIENT),
        ("poll failed", TOKEN, FailureReason.TRANSIENT),
        ("poll failed", QUOTA, FailureReason.MALFORMED),
        ("poll recovered", QUOTA, None),
        ("poll recovered", TOKEN, None),
    ]


def test_the_log_of_a_failure_tells_what_helps(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.revoke_token()

    with capture_logs() as logs:
        bench.poll(acme, QUOTA)

    [line] = logs
    assert line["log_level"] == "warning"
    assert line["account"] == "acme"
    assert (line["error"], line["code"], line["subcode"]) == ("revoked_access_token", 190, 458)
    assert "authorise the app again" in line["solution"]
    assert line["trace_id"].startswith("A0")
    assert "detail" not in line


def test_the_log_of_a_failure_tells_what_is_odd_and_how_long_it_takes(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme"), bench.add_account("zebra")
    bench.world.inject(json_body({"data": []}), token=acme.token.value)
    bench.world.inject(too_many_requests("120"), token=zebra.token.value)

    with capture_logs() as logs:
        bench.poll(acme, QUOTA)
        bench.poll(zebra, QUOTA)

    assert logs[0]["detail"] == "data: not a list with an element"
    assert logs[1]["retry_after"] == 120


@pytest.mark.parametrize("poll", Poll)
def test_no_token_is_ever_logged_or_shown(bench: Bench, poll: Poll) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    bench.add_inspector()
    bench.world.inject(EchoedToken())

    with capture_logs() as logs:
        bench.poll(acme, poll)
        bench.rotate(acme, "sim-token-acme-2")

    assert logs
    assert "sim-token" not in repr(logs)
    assert "sim-token" not in repr(bench.seen(acme))
