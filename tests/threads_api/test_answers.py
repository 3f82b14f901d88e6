import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import (
    ContainerErrorMessage,
    ContainerState,
    ContainerStatus,
    Quota,
    QuotaKind,
    TokenFacts,
    TokenInvalidReason,
)
from exporter.threads_api.answers import (
    QUOTA_FIELDS,
    MalformedAnswerError,
    decode,
    parse_container,
    parse_me,
    parse_quotas,
    parse_token,
)

ALL = tuple(QuotaKind)
CONFIG = {"quota_total": 250, "quota_duration": 86400}
NO_COUNTS: tuple[object, ...] = (
    -1,
    True,
    False,
    1.0,
    "1",
    float("nan"),
    float("inf"),
    2**53 + 1,
    10**300,
    [],
    {},
)
NO_OBJECTS: tuple[object, ...] = (None, True, 1, "text", [], [[]])
NO_BOOLEANS: tuple[object, ...] = (None, 0, 1, "true", [])
NO_LISTS: tuple[object, ...] = ("threads_basic", {}, 1, True)
NO_STRINGS: tuple[object, ...] = (None, True, 1, [], {})


def of_publish(**fields: object) -> object:
    return {"data": [fields]}


def complaint(parse: Callable[[object], object], answer: object) -> str:
    with pytest.raises(MalformedAnswerError) as caught:
        parse(answer)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"data": []}', {"data": []}),
        (b'\xef\xbb\xbf{"data": []}', {"data": []}),
        (b'{"id": 1, "id": 2}', {"id": 2}),
        (b'"\\ud800"', "\ud800"),
        (b"9007199254740993", 2**53 + 1),
        (b"1e400", float("inf")),
        (b"-0", 0),
    ],
)
def test_decoded_bodies(body: bytes, value: object) -> None:
    assert decode(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"data": [NaN]}',
        b"Infinity",
        b"-Infinity",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"\xff\xfe\xfd",
        b'"\xe2\x82"',
        b"<html></html>",
        b"{} {}",
        b"\x00",
    ],
)
def test_bodies_that_are_not_json(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError, match=r"^the body is not JSON$") as caught:
        decode(body)

    assert caught.value.__suppress_context__


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    with suppress(MalformedAnswerError):
        decode(body)


def test_all_quotas() -> None:
    totals = {kind: 100 * number for number, kind in enumerate(ALL, 1)}
    fields: dict[str, object] = {}
    for kind, (usage_field, config_field) in QUOTA_FIELDS.items():
        fields[usage_field] = totals[kind] - 1
        fields[config_field] = {"quota_total": totals[kind], "quota_duration": 86400}

    assert parse_quotas(of_publish(**fields), ALL) == {
        kind: Quota(totals[kind] - 1, totals[kind], 86400) for kind in ALL
    }


@pytest.mark.parametrize(
    ("fields", "quota"),
    [
        ({"quota_usage": 0, "config": CONFIG}, Quota(0, 250, 86400)),
        ({"quota_usage": 300, "config": CONFIG}, Quota(300, 250, 86400)),
        ({"quota_usage": 2**53, "config": CONFIG}, Quota(2**53, 250, 86400)),
        ({"quota_usage": 7}, Quota(7, None, None)),
        ({"quota_usage": 7, "config": None}, Quota(7, None, None)),
        ({"quota_usage": 7, "config": {}}, Quota(7, None, None)),
        ({"quota_usage": 7, "config": {"quota_total": 250}}, Quota(7, 250, None)),
        ({"quota_usage": 7, "config": {"quota_duration": 60}}, Quota(7, None, 60)),
        ({"quota_usage": 7, "config": {**CONFIG, "quota_total": None}}, Quota(7, None, 86400)),
        ({"quota_usage": 7, "config": {"quota_total": 0}}, Quota(7, 0, None)),
        ({"quota_usage": 7, "reply_quota_usage": None}, Quota(7, None, None)),
        ({"quota_usage": 7, "search_quota_usage": "new"}, Quota(7, None, None)),
    ],
)
def test_a_quota(fields: dict[str, object], quota: Quota) -> None:
    assert parse_quotas(of_publish(**fields), ALL) == {QuotaKind.PUBLISH: quota}


def test_only_the_quotas_that_were_asked_for() -> None:
    answer = of_publish(quota_usage=1, reply_quota_usage=2)

    assert parse_quotas(answer, [QuotaKind.REPLY]) == {QuotaKind.REPLY: Quota(2, None, None)}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        *((value, "answer: not an object") for value in NO_OBJECTS),
        ({}, "data: not a list with an element"),
        ({"data": []}, "data: not a list with an element"),
        ({"data": {}}, "data: not a list with an element"),
        ({"data": {"quota_usage": 1}}, "data: not a list with an element"),
        ({"quota_usage": 1, "config": CONFIG}, "data: not a list with an element"),
        *(({"data": [value]}, "data[0]: not an object") for value in NO_OBJECTS),
        (of_publish(), "data[0]: names no usage"),
        (of_publish(quota_usage=None), "data[0]: names no usage"),
        (of_publish(config=CONFIG), "data[0]: names no usage"),
        *((of_publish(quota_usage=value), "quota_usage: not a count") for value in NO_COUNTS),
        *(
            (of_publish(quota_usage=1, config=value), "config: not an object")
            for value in NO_OBJECTS
            if value is not None
        ),
        *(
            (
                of_publish(quota_usage=1, config={"quota_total": value}),
                "config.quota_total: not a count",
            )
            for value in NO_COUNTS
        ),
        (
            of_publish(quota_usage=1, config={"quota_duration": -1}),
            "config.quota_duration: not a count",
        ),
        (of_publish(quota_usage=1, reply_quota_usage="1"), "reply_quota_usage: not a count"),
    ],
)
def test_quotas_that_are_not_as_documented(answer: object, message: str) -> None:
    assert complaint(lambda value: parse_quotas(value, ALL), answer) == message


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FINISHED", "PUBLISHED", "EXPIRED"])
def test_a_container(status: str) -> None:
    answer = {"status": status, "id": "1", "error_message": "UNKNOWN"}

    assert parse_container(answer) == ContainerState(ContainerStatus(status), None)


@pytest.mark.parametrize("status", ["PENDING", "OTHER", "", "finished", "FINISHED ", "\ud800"])
def test_a_status_that_meta_does_not_document(status: str) -> None:
    assert parse_container({"status": status}) == ContainerState(ContainerStatus.OTHER)


@pytest.mark.parametrize("message", list(ContainerErrorMessage))
def test_a_container_that_failed(message: ContainerErrorMessage) -> None:
    answer = {"status": "ERROR", "error_message": message.value}

    assert parse_container(answer) == ContainerState(ContainerStatus.ERROR, message)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"error_message": None},
        {"error_message": ""},
        {"error_message": "FAILED_FRAME_RATE"},
        {"error_message": "\udfff" * 10_000},
    ],
)
def test_an_error_message_that_meta_does_not_document(fields: dict[str, object]) -> None:
    state = ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.OTHER)

    assert parse_container({"status": "ERROR", **fields}) == state


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        *((value, "answer: not an object") for value in NO_OBJECTS),
        ({}, "status: not a string"),
        ({"id": "1"}, "status: not a string"),
        *(({"status": value}, "status: not a string") for value in NO_STRINGS),
        ({"status": "ERROR", "error_message": 1}, "error_message: not a string"),
        ({"status": "ERROR", "error_message": {}}, "error_message: not a string"),
    ],
)
def test_containers_that_are_not_as_documented(answer: object, message: str) -> None:
    assert complaint(parse_container, answer) == message


def test_a_valid_token() -> None:
    data = {
        "type": "USER",
        "application": "Threads App",
        "is_valid": True,
        "issued_at": 1_700_000_000,
        "expires_at": 1_705_184_000,
        "data_access_expires_at": 1_707_776_000,
        "scopes": ["threads_basic", "threads_delete", "threads_basic"],
        "user_id": "1",
    }

    assert parse_token({"data": data}) == TokenFacts(
        invalid_reason=None,
        issued_at=1_700_000_000,
        expires_at=1_705_184_000,
        data_access_expires_at=1_707_776_000,
        scopes=frozenset({"threads_basic", "threads_delete"}),
    )


@pytest.mark.parametrize("value", [0, None])
def test_times_that_are_none(value: object) -> None:
    times = dict.fromkeys(("expires_at", "data_access_expires_at", "issued_at"), value)

    assert parse_token({"data": {"is_valid": True, **times}}) == TokenFacts()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 190, "subcode": 458}, TokenInvalidReason.REVOKED),
        ({"code": 190, "subcode": 459}, TokenInvalidReason.OTHER),
        ({"code": 190, "subcode": 460}, TokenInvalidReason.SESSION_INVALIDATED),
        ({"code": 190, "error_subcode": 463}, TokenInvalidReason.EXPIRED),
        ({"code": 190, "subcode": 463}, TokenInvalidReason.EXPIRED),
        (
            {"code": 190, "message": "Session has expired on Friday, 01-Jan-21"},
            TokenInvalidReason.EXPIRED,
        ),
        ({"code": 190, "message": "Failed to decode"}, TokenInvalidReason.MALFORMED),
        ({"code": 190, "subcode": 999}, TokenInvalidReason.OTHER),
        ({"code": 190}, TokenInvalidReason.OTHER),
        ({"code": 4}, TokenInvalidReason.OTHER),
        ({}, TokenInvalidReason.OTHER),
        ("garbage", TokenInvalidReason.OTHER),
        ([1], TokenInvalidReason.OTHER),
        (None, TokenInvalidReason.OTHER),
    ],
)
def test_an_invalid_token(error: object, reason: TokenInvalidReason) -> None:
    data = {"is_valid": False, "error": error, "scopes": []}

    assert parse_token({"data": data}) == TokenFacts(reason, scopes=frozenset())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        *((value, "answer: not an object") for value in NO_OBJECTS),
        ({}, "data: not an object"),
        ({"is_valid": True}, "data: not an object"),
        *(({"data": value}, "data: not an object") for value in NO_OBJECTS),
        *(({"data": {"is_valid": value}}, "data.is_valid: not a boolean") for value in NO_BOOLEANS),
        *(
            ({"data": {"is_valid": True, "expires_at": value}}, "data.expires_at: not a count")
            for value in NO_COUNTS
        ),
        (
            {"data": {"is_valid": False, "data_access_expires_at": "0"}},
            "data.data_access_expires_at: not a count",
        ),
        ({"data": {"is_valid": True, "issued_at": 1.5}}, "data.issued_at: not a count"),
        *(
            ({"data": {"is_valid": True, "scopes": value}}, "data.scopes: not a list")
            for value in NO_LISTS
        ),
        *(
            ({"data": {"is_valid": True, "scopes": ["a", value]}}, "data.scopes: not a string")
            for value in NO_STRINGS
        ),
        ({"data": {"is_valid": True, "scopes": ["a", "\ud800"]}}, "data.scopes: not Unicode"),
    ],
)
def test_tokens_that_are_not_as_documented(answer: object, message: str) -> None:
    assert complaint(parse_token, answer) == message


def test_the_id_of_the_user() -> None:
    assert parse_me({"id": "17841400", "username": "acme"}) == "17841400"


@pytest.mark.parametrize("answer", [*NO_OBJECTS, {}, {"id": 1}, {"id": None}])
def test_users_that_are_not_as_documented(answer: object) -> None:
    assert complaint(parse_me, answer) in {"answer: not an object", "id: not a string"}


def test_an_id_with_half_of_a_surrogate_pair() -> None:
    assert complaint(parse_me, {"id": "1\udfff"}) == "id: not Unicode"


def test_no_complaint_names_a_value() -> None:
    secret = "canary-token"
    answers: list[object] = [
        secret,
        {"data": secret},
        {"data": [secret]},
        {"data": [{"quota_usage": secret}]},
        {"data": {"is_valid": secret}},
        {"status": [secret], "id": [secret]},
    ]

    for answer in json.loads(json.dumps(answers)):
        for parse in (lambda value: parse_quotas(value, ALL), parse_container, parse_token):
            assert secret not in complaint(parse, answer)


def test_equal_quotas_are_kept_once() -> None:
    answers = [parse_quotas(of_publish(quota_usage=7, config=CONFIG), ALL) for _ in range(2)]

    assert answers[0][QuotaKind.PUBLISH] is answers[1][QuotaKind.PUBLISH]


@pytest.mark.parametrize(("length", "once"), [(20, True), (2000, False)])
def test_equal_scopes_are_kept_once_unless_they_are_odd(length: int, *, once: bool) -> None:
    answers = [
        parse_token({"data": {"is_valid": True, "scopes": ["s" * length]}}) for _ in range(2)
    ]

    assert (answers[0].scopes is answers[1].scopes) is once
