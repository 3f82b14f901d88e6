from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from structlog.testing import capture_logs

from exporter.config.settings import (
    AccountSettings,
    ApiSettings,
    AuthMode,
    ContainerEntry,
    ContainerPollSettings,
    PollingSettings,
    TokenPollSettings,
)
from exporter.domain import ContainerOutcome, Endpoint, FailureReason, Poll
from exporter.secret import FileSecret, SecretUnreadableError
from exporter.simulator import Simulator, World
from exporter.simulator.calls import AuthWay
from exporter.simulator.faults import Fault
from exporter.simulator.graph import APP_LIMIT, USER_LIMIT
from tests.polling.bench import Bench

QUOTA, TOKEN, CONTAINER = Poll.QUOTA, Poll.TOKEN, Poll.CONTAINER
Edit = Callable[[AccountSettings], AccountSettings]


def edit(bench: Bench, name: str, change: Edit) -> list[tuple[Poll, str]]:
    """Change an account's settings as a reload does; return the polls that are due at once."""
    bench.accounts[name] = change(bench.accounts[name])
    return list(bench.apply())


def test_new_accounts_are_polled_at_once_and_known_ones_are_not(bench: Bench) -> None:
    bench.add_account("acme")
    zebra = bench.world.add_user("zebra")
    token = FileSecret(bench.write_token("zebra", zebra.token.value))
    bench.accounts["zebra"] = AccountSettings("zebra", token, containers=("17889615691921648",))

    assert list(bench.apply()) == [(QUOTA, "zebra"), (TOKEN, "zebra"), (CONTAINER, "zebra")]
    assert list(bench.apply()) == []
    assert bench.containers.has_containers("zebra")
    assert list(bench.observations.view()) == ["acme", "zebra"]


def test_other_labels_change_nothing_but_the_labels(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, QUOTA)
    before = bench.seen(acme)

    due = edit(bench, "acme", lambda old: replace(old, labels={"team": "growth"}))

    assert due == []
    assert bench.seen(acme) == replace(before, identity=bench.accounts["acme"].identity)
    assert bench.seen(acme).identity.labels == {"team": "growth"}


@pytest.mark.parametrize(
    "change",
    [
        lambda old: replace(old, user_id="17841400000000001"),
        lambda old: replace(old, token_expires_at=1_800_000_000),
        lambda old: replace(old, token=FileSecret(old.token.path.with_name("spare"))),
    ],
    ids=["user_id", "token_expires_at", "token"],
)
def test_another_user_or_token_is_known_anew_with_its_history_of_polls(
    bench: Bench, change: Edit
) -> None:
    acme = bench.add_account("acme")
    bench.write_token("spare", acme.token.value)
    acme.withdraw("threads_delete")
    bench.poll(acme, QUOTA)
    bench.poll(acme, TOKEN)
    polls = bench.seen(acme).polls

    due = edit(bench, "acme", change)

    assert due == [(QUOTA, "acme"), (TOKEN, "acme")]
    seen = bench.seen(acme)
    assert (seen.token.valid, seen.token.issued_at, seen.quota_reading) == (None, None, None)
    assert seen.token.expires_at == bench.accounts["acme"].token_expires_at
    assert seen.refused_quotas == {}
    assert seen.polls == polls
    assert bench.poller.calls_24h("acme") == 6


def test_a_late_verdict_on_the_token_of_before_a_reload_is_not_the_new_ones(
    bench: Bench,
) -> None:
    acme = bench.add_account("acme")
    spare = FileSecret(bench.write_token("spare", "sim-token-acme-2"))
    acme.revoke_token()

    with bench.answers_held_back(acme, QUOTA) as answer:
        acme.rotate_token("sim-token-acme-2")
        edit(bench, "acme", lambda old: replace(old, token=spare))
        assert bench.poll(acme, TOKEN)
        before = bench.seen(acme)
        assert not answer()

    assert bench.seen(acme) == before
    assert before.token.valid is True


def test_an_account_that_is_removed_while_it_is_polled_stays_removed(bench: Bench) -> None:
    acme = bench.add_account("acme")

    with bench.answers_held_back(acme, QUOTA) as answer:
        del bench.accounts["acme"]
        bench.apply()
        assert answer()

    assert bench.observations.view() == {}
    assert not bench.poll(acme, QUOTA)


def test_an_account_that_comes_back_is_a_new_one(bench: Bench) -> None:
    acme = bench.add_account("acme", containers=["17889615691921648"])
    bench.poll(acme, QUOTA)
    settings = bench.accounts.pop("acme")
    bench.apply()
    assert bench.poller.calls_24h("acme") == 0
    assert not bench.containers.has_containers("acme")

    bench.accounts["acme"] = settings

    assert list(bench.apply()) == [(QUOTA, "acme"), (TOKEN, "acme"), (CONTAINER, "acme")]
    assert bench.seen(acme).polls == {}


@pytest.mark.parametrize("limit", [APP_LIMIT, USER_LIMIT])
def test_a_pause_outlives_a_reload(bench: Bench, limit: Fault) -> None:
    acme = bench.add_account("acme")
    bench.world.inject(limit, times=1)
    bench.poll(acme, QUOTA)

    bench.apply()

    assert not bench.poll(acme, QUOTA)
    assert len(bench.calls(acme)) == 1


def test_the_memory_of_refused_quotas_outlives_a_reload_and_no_new_token(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.withdraw("threads_delete")
    bench.poll(acme, QUOTA)
    bench.apply()
    bench.endpoints(acme)

    bench.poll(acme, QUOTA)
    assert len(bench.endpoints(acme)) == 1

    bench.rotate(acme, "sim-token-acme-2")
    assert bench.seen(acme).refused_quotas == {}
    bench.poll(acme, QUOTA)
    assert len(bench.endpoints(acme)) == 5


def test_an_account_that_moves_to_another_app_leaves_that_apps_pause(bench: Bench) -> None:
    acme, zebra = bench.add_account("acme", app="one"), bench.add_account("zebra", app="one")
    bench.world.inject(APP_LIMIT, times=1)
    bench.poll(acme, QUOTA)

    due = edit(bench, "acme", lambda old: replace(old, app="two"))

    assert due == []
    assert bench.poll(acme, QUOTA)
    assert not bench.poll(zebra, QUOTA)


@pytest.mark.parametrize("where", ["account", "inspector"])
def test_an_unreadable_token_changes_nothing(bench: Bench, tmp_path: Path, where: str) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, QUOTA)
    before = bench.seen(acme)
    accounts = (
        replace(bench.accounts["acme"], labels=MappingProxyType({"team": "growth"})),
        *([AccountSettings("zebra", FileSecret(tmp_path / "gone"))] if where == "account" else []),
    )
    inspector = tmp_path / "gone" if where == "inspector" else None
    settings = replace(
        bench.settings,
        api=ApiSettings(base_url="http://127.0.0.1:9"),
        polling=PollingSettings(
            call_budget=1, token=TokenPollSettings(inspector_token_file=inspector)
        ),
    )

    with pytest.raises(SecretUnreadableError, match="gone: No such file or directory"):
        bench.poller.apply(settings, accounts)

    assert list(bench.observations.view()) == ["acme"]
    assert bench.seen(acme) == before
    assert bench.inspector_valid() is None
    assert bench.poll(acme, QUOTA)


def test_another_server_is_asked_once_the_settings_name_it(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.poll(acme, QUOTA)
    elsewhere = World(bench.clock)
    elsewhere.add_user("acme")

    with Simulator(elsewhere) as simulator:
        api = ApiSettings(base_url=simulator.base_url, auth=AuthMode.QUERY)
        bench.settings = replace(bench.settings, api=api)
        assert list(bench.apply()) == []
        assert bench.poll(acme, QUOTA)

    [call] = elsewhere.calls()
    assert call.auth is AuthWay.QUERY
    assert call.query["access_token"] == acme.token.value
    assert len(bench.calls(acme)) == 1
    assert bench.calls(acme)[0].auth is AuthWay.HEADER


def test_a_server_that_is_not_there_fails_the_poll(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.settings = replace(bench.settings, api=ApiSettings(base_url="http://127.0.0.1:9"))
    bench.apply()

    assert not bench.poll(acme, QUOTA)

    assert bench.failure(acme, QUOTA) is FailureReason.CONNECT
    assert bench.recorder.requests == [(Endpoint.PUBLISHING_LIMIT, FailureReason.CONNECT)]


def test_the_observer_learns_of_each_request(bench: Bench) -> None:
    acme = bench.add_account("acme")
    acme.withdraw("threads_basic")

    bench.poll(acme, TOKEN)
    bench.poll(acme, QUOTA)

    assert bench.recorder.requests == [
        (Endpoint.DEBUG_TOKEN, "200"),
        *[(Endpoint.PUBLISHING_LIMIT, "403")] * 5,
    ]


def test_containers_of_files_join_those_of_the_account(bench: Bench) -> None:
    acme = bench.add_account("acme", containers=["1"])
    entries = tuple(ContainerEntry(name, number) for name, number in (("acme", "1"), ("acme", "2")))
    bench.settings = replace(
        bench.settings, container_entries=(*entries, ContainerEntry("nobody", "3"))
    )

    assert list(bench.apply()) == [(CONTAINER, "acme")]
    bench.poll(acme, CONTAINER)

    assert [call.path for call in bench.calls(acme)] == ["/v1.0/1", "/v1.0/2"]


def test_containers_are_followed_by_the_rules_of_the_settings(bench: Bench) -> None:
    acme = bench.add_account("acme")
    bench.track(acme, acme.add_container().container_id)
    containers = ContainerPollSettings(interval=10.0, give_up_after=20.0)
    bench.settings = replace(bench.settings, polling=PollingSettings(containers=containers))
    bench.apply()

    started = bench.clock.monotonic()

    for _ in range(700):
        bench.poll(acme, CONTAINER)
        bench.clock.advance(10)

    ages = [call.monotonic - started for call in bench.calls(acme)]
    assert ages == [0, 10, 20, 60, 240, 1440, 5760]
    assert bench.seen(acme).containers.outcomes == {ContainerOutcome.GAVE_UP: 1}


def test_tokens_are_known_to_the_redactor_and_replacements_are_logged(bench: Bench) -> None:
    acme = bench.add_account("acme")

    with capture_logs() as logs:
        bench.rotate(acme, "sim-token-acme-2")
        bench.write_token("acme", "")
        bench.poller.refresh_tokens()
        bench.poller.refresh_tokens()

    assert [(line["event"], line["owner"]) for line in logs] == [
        ("token replaced", "account acme"),
        ("token not read, the old one stays", "account acme"),
    ]
    assert logs[1]["problem"].endswith("/acme: is empty")
    assert bench.recorder.token_reloads_failed == 2
    assert bench.redactor.redact("sim-token-acme sim-token-acme-2") == "<secret> <secret>"


def test_one_broken_token_file_keeps_no_other_account_from_its_new_token(bench: Bench) -> None:
    bench.add_account("acme")
    zebra = bench.add_account("zebra")
    bench.write_token("acme", "")

    assert list(bench.rotate(zebra, "sim-token-zebra-2")) == [(QUOTA, "zebra"), (TOKEN, "zebra")]
    assert bench.poll(zebra, QUOTA)


def test_a_closed_poller_lets_no_call_out_and_records_nothing(bench: Bench) -> None:
    acme = bench.add_account("acme")
    dead_before = list(bench.poller.dead_threads())

    bench.poller.close()

    assert (dead_before, "deadlines" in bench.poller.dead_threads()) == ([], True)
    assert not bench.poll(acme, QUOTA)
    assert bench.seen(acme).polls == {}
    assert bench.calls(acme) == ()
