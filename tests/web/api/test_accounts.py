from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.domain import (
    AccountIdentity,
    ContainerStatus,
    TokenInvalidReason,
)
from exporter.observations.model import (
    AccountObservation,
    TokenReading,
)
from exporter.web.api.account_json import account_json
from tests.web.api.observed import SEEN, UNSEEN
from tests.web.api.stand_in import NOW, Client, Registry

PATH = "/api/v1/accounts"
NO_POLL = {"succeeded": None, "last_success_at": None, "last_failure": None}


def names(answer: Mapping[str, object]) -> list[str]:
    accounts = answer["accounts"]
    assert isinstance(accounts, list)
    return [account["name"] for account in accounts]


def named(*names: str) -> dict[str, AccountObservation]:
    return {name: AccountObservation(AccountIdentity(name, "me", "", {})) for name in names}


def token_state(token: TokenReading) -> object:
    shown = account_json(replace(UNSEEN, token=token), NOW)["token"]
    assert isinstance(shown, Mapping)
    return shown["state"]


def test_an_account_is_shown_with_all_that_was_seen(client: Client, registry: Registry) -> None:
    registry.seen = {"acme": SEEN}
    reply = client.get(PATH)

    assert reply.json == {
        "accounts": [
            {
                "name": "acme",
                "user_id": "17841400000000000",
                "needs": ["quota_exhausted", "token_expires", "polls_fail"],
                "token": {
                    "state": "expires_soon",
                    "invalid_reason": None,
                    "expires_at": "2026-09-22T14:13:20.000Z",
                    "data_access_expires_at": "9999-12-31T23:59:59.000Z",
                    "issued_at": "2026-09-20T14:13:20.000Z",
                },
                "quotas": {"publish": {"usage": 250, "limit": 250, "window_seconds": 86400}},
                "refused_quotas": {"reply": "permission"},
                "containers": {status: 2 * (status == "IN_PROGRESS") for status in ContainerStatus},
                "polls": {
                    "quota": {
                        "succeeded": False,
                        "last_success_at": "2026-09-21T14:13:20.000Z",
                        "last_failure": "timeout",
                    },
                    "token": NO_POLL,
                    "container": NO_POLL,
                },
                "paused_until": "2026-09-21T14:14:20.000Z",
            }
        ],
        "next_cursor": None,
    }


def test_an_account_that_was_never_polled_has_all_keys_too() -> None:
    shown = account_json(UNSEEN, NOW)

    assert shown.keys() == account_json(SEEN, NOW).keys()
    assert (shown["needs"], shown["quotas"], shown["paused_until"]) == ([], {}, None)
    assert shown["polls"] == {"quota": NO_POLL, "token": NO_POLL, "container": NO_POLL}


def test_a_pause_that_is_over_is_none() -> None:
    assert account_json(replace(SEEN, paused_until=NOW), NOW)["paused_until"] is None


@pytest.mark.parametrize(
    ("token", "state"),
    [
        (TokenReading(), "unknown"),
        (TokenReading(valid=True), "valid"),
        (TokenReading(valid=True, expires_at=int(NOW) + 30 * 86400), "valid"),
        (TokenReading(valid=True, expires_at=int(NOW) + 86400), "expires_soon"),
        (TokenReading(valid=True, expires_at=int(NOW) - 1), "invalid"),
        (TokenReading(valid=False, expires_at=int(NOW) + 30 * 86400), "invalid"),
    ],
)
def test_a_token_has_one_state(token: TokenReading, state: str) -> None:
    assert token_state(token) == state


def test_an_invalid_token_says_why() -> None:
    dead = TokenReading(valid=False, invalid_reason=TokenInvalidReason.REVOKED)
    shown = account_json(replace(UNSEEN, token=dead), NOW)

    assert shown["needs"] == ["token_invalid"]
    assert isinstance(shown["token"], Mapping)
    assert shown["token"]["invalid_reason"] == "revoked"


def test_accounts_are_paged_by_name(client: Client, registry: Registry) -> None:
    registry.seen = named("zoo", "acme", "Bäckerei", "café")
    first = client.get(f"{PATH}?limit=2").json
    second = client.get(f"{PATH}?limit=2&cursor={first['next_cursor']}").json

    assert (names(first), names(second)) == (["Bäckerei", "acme"], ["café", "zoo"])
    assert second["next_cursor"] is None


def test_a_cursor_may_be_of_an_account_that_is_gone(client: Client, registry: Registry) -> None:
    registry.seen = named("acme", "bakery", "café")
    cursor = client.get(f"{PATH}?limit=2").json["next_cursor"]
    registry.seen = named("acme", "café")

    assert names(client.get(f"{PATH}?cursor={cursor}").json) == ["café"]


@pytest.mark.parametrize("query", ["limit=0", "cursor=xx", "cursor=6", "cursor=", "status=ERROR"])
def test_a_wrong_parameter_is_refused(client: Client, query: str) -> None:
    reply = client.get(f"{PATH}?{query}")

    assert (reply.status, reply.error) == (400, ("invalid_parameter", None))


def test_a_cursor_that_is_no_text_is_a_place_all_the_same(
    client: Client, registry: Registry
) -> None:
    registry.seen = named("acme")

    assert names(client.get(f"{PATH}?cursor=ff").json) == []
