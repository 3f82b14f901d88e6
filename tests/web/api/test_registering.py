import json

import pytest

from exporter.web.api.backend import (
    RateLimitedError,
    StoreUnavailableError,
    TrackingFullError,
)
from tests.web.api.stand_in import JSON, NOW, Client, Record, Registry

PATH = "/api/v1/containers"
ONE = {"account": "acme", "container_id": "178"}
SHOWN = {
    "account": "acme",
    "container_id": "178",
    "status": "PENDING",
    "error_message": None,
    "outcome": None,
    "registered_at": "2026-09-21T14:13:20.000Z",
    "asked_at": None,
    "ended_at": None,
}
TOO_MANY = {"containers": [{"account": "a", "container_id": str(n)} for n in range(1001)]}


def batch(*containers: tuple[str, str]) -> dict[str, object]:
    return {"containers": [{"account": name, "container_id": one} for name, one in containers]}


def created(answer: dict[str, object]) -> list[tuple[str, bool]]:
    containers = answer["containers"]
    assert isinstance(containers, list)
    return [(one["container_id"], one["created"]) for one in containers]


def test_a_new_container_is_created(client: Client, registry: Registry) -> None:
    reply = client.post(PATH, ONE)

    assert (reply.status, reply.json) == (201, SHOWN)
    assert reply.headers["content-type"] == "application/json"
    assert registry.records == {"178": Record("acme", "178")}


def test_a_known_container_is_left_as_it_is(client: Client, registry: Registry) -> None:
    registry.records["178"] = Record("acme", "178", asked_at=NOW + 0.25)
    reply = client.post(PATH, ONE)

    assert reply.status == 200
    assert reply.json == {**SHOWN, "asked_at": "2026-09-21T14:13:20.250Z"}


def test_a_batch_tells_of_each_whether_it_is_new(client: Client, registry: Registry) -> None:
    registry.records["2"] = Record("acme", "2")
    reply = client.post(PATH, batch(("acme", "3"), ("acme", "2"), ("bakery", "1")))

    assert reply.status == 201
    assert created(reply.json) == [("3", True), ("2", False), ("1", True)]


def test_a_batch_of_known_ones_creates_nothing(client: Client, registry: Registry) -> None:
    registry.records["2"] = Record("acme", "2")
    reply = client.post(PATH, batch(("acme", "2")))

    assert (reply.status, created(reply.json)) == (200, [("2", False)])


def test_a_container_named_twice_in_a_batch_is_one(client: Client, registry: Registry) -> None:
    reply = client.post(PATH, batch(("acme", "2"), ("acme", "2")))

    assert created(reply.json) == [("2", True), ("2", True)]
    assert list(registry.records) == ["2"]


def test_a_batch_of_1000_with_the_longest_names_and_ids_fits(
    client: Client, registry: Registry
) -> None:
    content = batch(*(("a" * 128, f"{number:032}") for number in range(1000)))
    reply = client.send("POST", PATH, [json.dumps(content, indent=1).encode()], JSON)

    assert reply.status == 201
    assert len(registry.records) == 1000


def test_of_a_batch_with_one_unknown_account_nothing_is_stored(
    client: Client, registry: Registry
) -> None:
    reply = client.post(PATH, batch(("acme", "1"), ("nobody", "2"), ("nobody", "3")))

    assert (reply.status, reply.error) == (404, ("unknown_account", "$.containers[1]"))
    assert registry.records == {}


def test_one_container_of_an_unknown_account_is_refused(client: Client) -> None:
    reply = client.post(PATH, {**ONE, "account": "nobody"})

    assert (reply.status, reply.error) == (404, ("unknown_account", "$"))


def test_a_container_of_another_account_is_a_conflict(client: Client, registry: Registry) -> None:
    registry.records["178"] = Record("bakery", "178")
    alone = client.post(PATH, ONE)
    among = client.post(PATH, batch(("acme", "1"), ("acme", "178")))

    assert (alone.status, alone.error) == (409, ("container_conflict", "$"))
    assert (among.status, among.error) == (409, ("container_conflict", "$.containers[1]"))
    assert list(registry.records) == ["178"]


def test_a_batch_that_gives_one_container_two_accounts_is_a_conflict(
    client: Client, registry: Registry
) -> None:
    reply = client.post(PATH, batch(("acme", "1"), ("acme", "2"), ("bakery", "2")))

    assert (reply.status, reply.error) == (409, ("container_conflict", "$.containers[1]"))
    assert registry.records == {}


@pytest.mark.parametrize(
    ("content", "code", "path"),
    [
        ([ONE], "wrong_type", "$"),
        ("178", "wrong_type", "$"),
        (None, "wrong_type", "$"),
        ({}, "missing_key", "$"),
        ({"account": "acme"}, "missing_key", "$"),
        ({**ONE, "note": ""}, "unknown_key", "$"),
        ({**ONE, "containers": [ONE]}, "unknown_key", "$"),
        ({**ONE, "account": True}, "wrong_type", "$.account"),
        ({**ONE, "account": None}, "wrong_type", "$.account"),
        ({**ONE, "account": ""}, "invalid_value", "$.account"),
        ({**ONE, "account": "a" * 129}, "invalid_value", "$.account"),
        ({**ONE, "account": "a\0"}, "invalid_value", "$.account"),
        ({**ONE, "account": "\ud800"}, "invalid_value", "$.account"),
        ({**ONE, "container_id": 178}, "wrong_type", "$.container_id"),
        ({**ONE, "container_id": ["178"]}, "wrong_type", "$.container_id"),
        *(
            ({**ONE, "container_id": text}, "invalid_value", "$.container_id")
            for text in (
                "",
                "1" * 33,
                "178\n",
                "17 8",
                "+178",
                "../me",
                "178?x",
                "\u0661\u0667",
                "\uff11",
            )
        ),
        ({"containers": {}}, "wrong_type", "$.containers"),
        ({"containers": []}, "invalid_value", "$.containers"),
        (TOO_MANY, "invalid_value", "$.containers"),
        ({"containers": [ONE, ONE["account"]]}, "wrong_type", "$.containers[1]"),
        ({"containers": [ONE, {**ONE, "x": 1}]}, "unknown_key", "$.containers[1]"),
        ({"containers": [ONE, {"account": "a"}]}, "missing_key", "$.containers[1]"),
        (
            {"containers": [ONE, {"account": "a", "container_id": 1}]},
            "wrong_type",
            "$.containers[1].container_id",
        ),
    ],
)
def test_a_wrong_body_is_refused_at_its_place(
    client: Client, registry: Registry, content: object, code: str, path: str
) -> None:
    reply = client.post(PATH, content)

    assert (reply.status, reply.error) == (400, (code, path))
    assert registry.records == {}


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "malformed_json", None),
        (b"{", "malformed_json", None),
        (b'{"account": "acme", "container_id": "1"} x', "malformed_json", None),
        (b'{"account": NaN, "container_id": "1"}', "malformed_json", None),
        (b'{"account": -Infinity, "container_id": "1"}', "malformed_json", None),
        (b'{"account": "\xff", "container_id": "1"}', "malformed_json", None),
        (b'\xef\xbb\xbf{"account": "acme", "container_id": "1"}', "malformed_json", None),
        ('{"account": "acme", "container_id": "1"}'.encode("utf-16"), "malformed_json", None),
        (b"[" * 50_000, "malformed_json", None),
        (b'{"container_id": ' + b"9" * 5000 + b"}", "malformed_json", None),
        (b'{"account": "a", "account": "a", "container_id": "1"}', "duplicate_key", "$"),
        (b'{"containers": [], "containers": []}', "duplicate_key", "$"),
        (b'{"containers": [{"account": "a", "account": "a"}]}', "duplicate_key", "$.containers[0]"),
    ],
)
def test_what_is_not_plain_json_is_refused(
    client: Client, body: bytes, code: str, path: str | None
) -> None:
    reply = client.post(PATH, body)

    assert (reply.status, reply.error) == (400, (code, path))


def test_malformed_json_is_located(client: Client) -> None:
    reply = client.post(PATH, b'{\n  "account": acme}')

    assert reply.json == {
        "error": {
            "code": "malformed_json",
            "message": "The body is not JSON: look at line 2, column 14.",
        }
    }


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (RateLimitedError(1.2), (429, "rate_limited", "2")),
        (RateLimitedError(0), (429, "rate_limited", "1")),
        (TrackingFullError(), (507, "tracking_full", None)),
        (StoreUnavailableError(5), (503, "store_unavailable", "5")),
    ],
)
def test_what_the_store_cannot_take_is_refused(
    client: Client, registry: Registry, failure: Exception, answer: tuple[int, str, str | None]
) -> None:
    registry.failure = failure
    reply = client.post(PATH, ONE)

    assert (reply.status, reply.error[0], reply.headers.get("retry-after")) == answer
