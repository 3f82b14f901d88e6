from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest

from exporter.domain import AccountIdentity, ContainerStatus, FailureReason, KnownError, Poll
from exporter.observations import changes
from exporter.observations.model import AccountObservation, ContainerSummary
from exporter.observations.store import Observations

ERROR = KnownError("user_rate_limit", "rate_limit", "wait", "Let the account rest.")


def identity(name: str, **labels: str) -> AccountIdentity:
    return AccountIdentity(name, "me", "", MappingProxyType(labels))


@pytest.fixture
def observations() -> Observations:
    observations = Observations()
    observations.keep_only([identity("acme"), identity("zebra")])
    observations.take_changed()
    return observations


def test_an_account_is_unseen_at_first(observations: Observations) -> None:
    assert observations.view() == {
        "acme": AccountObservation(identity("acme")),
        "zebra": AccountObservation(identity("zebra")),
    }


def test_a_change_is_one_accounts(observations: Observations) -> None:
    observations.change("acme", changes.token_valid)

    assert observations.view()["acme"].token.valid is True
    assert observations.view()["zebra"] == AccountObservation(identity("zebra"))


def test_a_change_of_an_account_that_was_removed_is_nothing(observations: Observations) -> None:
    observations.change("nobody", changes.token_valid)

    assert list(observations.view()) == ["acme", "zebra"]


def test_an_account_is_changed_by_what_is_news_and_by_nothing_else(
    observations: Observations,
) -> None:
    summary = ContainerSummary(by_status={ContainerStatus.ERROR: 2})
    for change in (changes.containers_counted(summary), changes.errors_reported({ERROR: 1})):
        observations.change("acme", change)
        assert observations.take_changed() == {"acme"}

        observations.change("acme", change)
        assert observations.take_changed() == ()


def test_known_accounts_keep_their_history_under_a_new_identity(
    observations: Observations,
) -> None:
    observations.change("acme", changes.error_met(ERROR))

    observations.keep_only([identity("fresh"), identity("acme", team="growth")])

    assert list(observations.view()) == ["fresh", "acme"]
    assert observations.view()["acme"] == AccountObservation(
        identity("acme", team="growth"), errors={ERROR: 1}
    )


def test_accounts_that_come_or_are_identified_anew_have_changed_and_no_others(
    observations: Observations,
) -> None:
    zebra = observations.view()["zebra"]

    observations.keep_only([identity("acme", team="growth"), identity("zebra"), identity("new")])

    assert observations.take_changed() == {"acme", "new"}
    assert observations.view()["zebra"] is zebra


def test_an_account_that_comes_back_has_changed(observations: Observations) -> None:
    observations.keep_only([identity("zebra")])
    observations.keep_only([identity("acme"), identity("zebra")])

    assert observations.take_changed() == {"acme"}


def test_an_account_that_comes_back_is_unseen(observations: Observations) -> None:
    observations.change("acme", changes.token_valid)
    observations.keep_only([])
    observations.keep_only([identity("acme")])

    assert observations.view()["acme"] == AccountObservation(identity("acme"))


def test_an_account_is_unpolled_until_it_was_asked_for_its_quota_and_about_its_token(
    observations: Observations,
) -> None:
    assert observations.unpolled == 2

    observations.change("acme", changes.poll_succeeded(Poll.CONTAINER, 1.0))
    observations.change("acme", changes.poll_failed(Poll.QUOTA, FailureReason.DNS))
    assert observations.unpolled == 2

    observations.change("acme", changes.poll_succeeded(Poll.TOKEN, 1.0))
    assert observations.unpolled == 1


def test_unpolled_are_those_of_the_accounts_there_are(observations: Observations) -> None:
    for poll in (Poll.QUOTA, Poll.TOKEN):
        observations.change("acme", changes.poll_succeeded(poll, 1.0))

    observations.keep_only([identity("acme"), identity("fresh"), identity("new")])

    assert observations.unpolled == 2


def test_a_view_follows_the_values_and_keeps_its_accounts(observations: Observations) -> None:
    view = observations.view()

    observations.change("acme", changes.token_valid)
    assert view["acme"].token.valid is True

    observations.keep_only([identity("acme"), identity("fresh")])
    assert list(view) == ["acme", "zebra"]


def test_changes_from_many_threads_lose_nothing(observations: Observations) -> None:
    def poll(number: int) -> None:
        observations.change("acme", changes.error_met(ERROR))
        observations.change("acme", changes.poll_failed(Poll.QUOTA, FailureReason.DNS))
        if number % 50 == 0:
            observations.keep_only([identity("acme"), identity(f"other-{number}")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(poll, range(2000)))

    seen = observations.view()["acme"]
    assert seen.errors == {ERROR: 2000}
    assert seen.polls[Poll.QUOTA].failures == {FailureReason.DNS: 2000}
