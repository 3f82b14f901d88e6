import json

import pytest

from exporter.threads_api.catalogue import ENTRIES, Entry, entry_named
from exporter.threads_api.explain import describe, explain


def name_of(text: str) -> str | None:
    entry = explain(text)
    return None if entry is None else entry.known.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("190", "token_is_invalid"),
        ("190/463", "expired_access_token"),
        (" 190 / 463\n", "expired_access_token"),
        ("190/1", "token_is_invalid"),
        ("-2/2207003", "media_download_timeout"),
        ("77777/2207003", "media_download_timeout"),
        ("2207003", "media_download_timeout"),
        ("506", "duplicate_post"),
        ("429", "http_too_many_requests"),
        ("503", "http_server_error"),
        ("THREADS_API__LINK_LIMIT_EXCEEDED", "link_limit_exceeded"),
        ("threads_api__feature_not_available", "feature_not_available"),
    ],
)
def test_code_is_explained(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.known.name)
def test_name_is_explained(entry: Entry) -> None:
    assert explain(f" {entry.known.name.upper()} ") is entry


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Token is invalid.", "token_is_invalid"),
        ("Session has been invalidated", "session_has_been_invalidated"),
        ("Failed to decode", "malformed_access_token"),
        ("(#4) Application request limit reached", "app_rate_limit"),
        ("(#17) token is invalid", "user_rate_limit"),
        ("(#77777) token is invalid", "token_is_invalid"),
        ("Tried accessing nonexisting field (status)", "unsupported_field"),
        ("{ video format }", "video_format"),
        ('{"detail": "the video codec is new"}', "video_codec"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000 + " duration exceed", "duration_exceed"),
    ],
    ids=lambda text: text[:30],
)
def test_message_is_explained(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"error": {"message": "Over", "code": 190, "error_subcode": 463}}, "expired_access_token"),
        (
            {"error_type": "OAuthException", "code": 400, "error_message": "Session has expired"},
            "expired_access_token",
        ),
        ({"error_message": "?", "error_code": 4476002}, "wrong_app_credentials"),
        (
            {"data": {"is_valid": False, "error": {"code": 190, "subcode": 460, "message": "?"}}},
            "session_has_been_invalidated",
        ),
        ({"code": 190, "subcode": 493, "message": "?"}, "data_access_expired"),
        ({"error": {"code": 77777, "message": "media processing"}}, "media_processing"),
        (
            {"status": "ERROR", "id": "1", "error_message": "FAILED_DOWNLOADING_VIDEO"},
            "media_not_fetchable",
        ),
    ],
)
@pytest.mark.parametrize("around", ["{}", "\n  {} \n", "'{}'", "400 Client Error: {} at line 3"])
def test_body_is_explained(body: object, name: str, around: str) -> None:
    assert name_of(around.replace("{}", json.dumps(body))) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "77777",
        "77777/1",
        "9" * 5000,
        "hello",
        "{}",
        "{",
        "}{",
        "[]",
        "null",
        '{"data": []}',
        '{"error": {"code": 77777, "message": "hello"}}',
    ],
)
def test_what_is_not_known_is_none(text: str) -> None:
    assert explain(text) is None


def test_description_says_all() -> None:
    entry = entry_named("data_access_expired")
    assert entry is not None

    assert describe(entry) == (
        "data_access_expired: The owner's permission lapsed after 90 days in which the app was "
        "not used, although the token itself may not have expired.\n"
        "  category:   authentication\n"
        "  action:     refresh-token\n"
        "  solution:   Let the account's owner log in through the app again, which renews its 90 "
        "days of access, and put the new token in place.\n"
        "  matched by: code 190/493, “engaged the app in longer than 90 days” "
        "(under code 190, or none known)"
    )


def test_every_matcher_can_be_told() -> None:
    told = "\n".join(describe(entry) for entry in ENTRIES)

    for words in (
        "code 190/463",
        "codes 200 to 299",
        "subcode 2207052",
        "“video format” (under code 100, or none known)",
        "code 1 with a subcode and is_transient false",
        "“user request limit reached”\n",
        "is_transient true",
        "HTTP 429",
        "HTTP 500 to 599",
        "whatever no other entry matches",
    ):
        assert words in told
