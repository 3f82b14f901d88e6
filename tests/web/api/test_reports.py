import json

import pytest

from exporter.web.api.backend import RateLimitedError, StoreUnavailableError
from exporter.web.api.codes import ErrorCode, RefusedError
from exporter.web.api.node import Node
from tests.web.api.stand_in import Client, Registry

PATH = "/api/v1/errors"
BODY = {"error": {"message": "Fehler “190”", "code": 190, "is_transient": False}}


def test_a_message_is_classified_and_counted(client: Client, registry: Registry) -> None:
    reply = client.post(PATH, {"account": "acme", "error": "Media is not ready"})

    assert (reply.status, reply.json) == (
        200,
        {
            "error": "media_processing",
            "category": "media",
            "action": "retry",
            "solution": "Wait a minute and try again.",
        },
    )
    assert registry.reported == [("acme", "Media is not ready")]


def test_a_body_is_handed_on_as_json(client: Client, registry: Registry) -> None:
    reply = client.post(PATH, {"account": "acme", "error": BODY})

    ((account, error),) = registry.reported
    assert (reply.status, account, json.loads(error)) == (200, "acme", BODY)


@pytest.mark.parametrize(
    ("content", "code", "path"),
    [
        ({"account": "acme"}, "missing_key", "$"),
        ({"account": "acme", "error": "x", "code": 190}, "unknown_key", "$"),
        ({"account": 1, "error": "x"}, "wrong_type", "$.account"),
        ({"account": "", "error": "x"}, "invalid_value", "$.account"),
        ({"account": "acme", "error": 190}, "wrong_type", "$.error"),
        ({"account": "acme", "error": None}, "wrong_type", "$.error"),
        ({"account": "acme", "error": ["x"]}, "wrong_type", "$.error"),
        ({"account": "acme", "error": ""}, "invalid_value", "$.error"),
        ({"account": "acme", "error": "x" * 16385}, "invalid_value", "$.error"),
        ({"account": "acme", "error": {"x": "x" * 16384}}, "invalid_value", "$.error"),
    ],
)
def test_a_wrong_report_is_refused_at_its_place(
    client: Client, registry: Registry, content: object, code: str, path: str
) -> None:
    reply = client.post(PATH, content)

    assert (reply.status, reply.error) == (400, (code, path))
    assert registry.reported == []


@pytest.mark.parametrize("error", ['{"a": 1, "a": 1}', '{"b": {"a": 1, "a": 1}}'])
def test_a_body_with_a_key_twice_is_refused(client: Client, error: str) -> None:
    reply = client.post(PATH, f'{{"account": "acme", "error": {error}}}'.encode())

    assert (reply.status, reply.error) == (400, ("duplicate_key", "$.error"))


@pytest.mark.parametrize("depth", range(100, 1100, 25))
def test_a_body_of_any_depth_is_handed_on_or_refused(
    client: Client, registry: Registry, depth: int
) -> None:
    body = b'{"account": "acme", "error": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    reply = client.post(PATH, body)

    assert (reply.status, len(registry.reported)) in [(200, 1), (400, 0)]


def test_a_body_that_is_too_deep_to_write_is_refused() -> None:
    body: dict[str, object] = {}
    for _ in range(100_000):
        body = {"a": body}
    with pytest.raises(RefusedError) as refused:
        Node(body).text_or_json()

    assert refused.value.code is ErrorCode.MALFORMED_JSON


def test_an_unknown_account_is_refused(client: Client, registry: Registry) -> None:
    reply = client.post(PATH, {"account": "nobody", "error": "x"})

    assert (reply.status, reply.error) == (404, ("unknown_account", "$.account"))
    assert registry.reported == []


@pytest.mark.parametrize(
    ("failure", "status"), [(RateLimitedError(3), 429), (StoreUnavailableError(3), 503)]
)
def test_what_is_not_counted_is_not_answered(
    client: Client, registry: Registry, failure: Exception, status: int
) -> None:
    registry.failure = failure
    reply = client.post(PATH, {"account": "acme", "error": "x"})

    assert (reply.status, reply.headers["retry-after"]) == (status, "3")
