from collections import Counter
from collections.abc import Callable
from itertools import chain

import pytest

from exporter.domain import ContainerErrorMessage, FailureReason, TokenInvalidReason
from exporter.threads_api.catalogue import (
    ENTRIES,
    KNOWN_ERRORS,
    UNKNOWN_ERROR,
    Action,
    Category,
    Entry,
    RateLimitScope,
    classify,
    entry_named,
)
from exporter.threads_api.envelope import GraphError, parse_error
from exporter.threads_api.matching import (
    Code,
    CodeRange,
    HttpStatus,
    LastingCode,
    Matcher,
    Message,
    Subcode,
    TransientFlag,
)

PUBLISHERS_TEXTS = {
    "revoked_access_token": ("revoked_access_token", "authentication", "refresh-token"),
    "token is invalid": ("token_is_invalid", "authentication", "refresh-token"),
    "session has been invalidated": (
        "session_has_been_invalidated",
        "authentication",
        "refresh-token",
    ),
    "media processing": ("media_processing", "media", "retry"),
    "video format": ("video_format", "video", "user-error"),
    "video codec": ("video_codec", "video", "user-error"),
    "duration exceed": ("duration_exceed", "video", "user-error"),
}

EXPIRED_TEXT = (
    "Error validating access token: Session has expired on Wednesday, 10-Dec-25 20:00:00 PST."
)
CHANGED_PASSWORD_TEXT = (
    "Error validating access token: The session has been invalidated because the user changed "
    "their password or Facebook has changed the session for security reasons."
)
IDLE_TEXT = (
    "Error validating access token: This access token is invalid since the user hasn't engaged "
    "the app in longer than 90 days."
)
NO_OBJECT_TEXT = (
    "Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation"
)


def graph_body(code: object, subcode: object = None, message: str = "", **more: object) -> object:
    error = {"message": message, "type": "OAuthException", "code": code, **more}
    return {"error": error if subcode is None else {**error, "error_subcode": subcode}}


def classified(body: object, status: int | None = 400) -> Entry:
    return classify(parse_error(body), status)


def name_of(body: object, status: int | None = 400) -> str:
    return classified(body, status).known.name


@pytest.mark.parametrize("text", PUBLISHERS_TEXTS)
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
@pytest.mark.parametrize(
    "place", ["message", "type", "code", "error_user_title", "error_user_msg", "error_message"]
)
def test_publishers_text_is_found_anywhere_in_a_graph_body(
    text: str, spell: Callable[[str], str], place: str
) -> None:
    body = {"error": {"message": "Bad Request", place: f"sorry: {spell(text)}. Try again."}}

    known = classified(body).known

    assert (known.name, known.category, known.action) == PUBLISHERS_TEXTS[text]


@pytest.mark.parametrize("text", PUBLISHERS_TEXTS)
@pytest.mark.parametrize("status", [None, 400, 401, 403, 404, 429, 500])
def test_publishers_text_decides_over_an_unknown_code_and_any_status(
    text: str, status: int | None
) -> None:
    assert name_of(graph_body(99999, message=text), status) == PUBLISHERS_TEXTS[text][0]


@pytest.mark.parametrize("text", PUBLISHERS_TEXTS)
def test_code_decides_over_publishers_text(text: str) -> None:
    assert name_of(graph_body(17, message=text)) == "user_rate_limit"
    assert name_of(graph_body(10, message=text)) == "permission_denied"
    assert name_of(graph_body(2, message=text)) == "service_error"


@pytest.mark.parametrize(
    "text", ["revoked_access_token", "token is invalid", "session has been invalidated"]
)
def test_publishers_text_refines_a_token_error(text: str) -> None:
    assert name_of(graph_body(190, message=text)) == PUBLISHERS_TEXTS[text][0]
    assert name_of(graph_body(190, 463, message=text)) == "expired_access_token"


@pytest.mark.parametrize(
    "text", ["media processing", "video format", "video codec", "duration exceed"]
)
def test_publishers_text_refines_a_bad_parameter(text: str) -> None:
    assert name_of(graph_body(100, message=text)) == PUBLISHERS_TEXTS[text][0]
    assert name_of(graph_body(100, 33, message=text)) == "object_not_found"


@pytest.mark.parametrize(
    ("code", "subcode", "message", "name", "token_reason"),
    [
        (190, None, "", "token_is_invalid", TokenInvalidReason.OTHER),
        (190, 999, "", "token_is_invalid", TokenInvalidReason.OTHER),
        ("190", None, "", "token_is_invalid", TokenInvalidReason.OTHER),
        (102, None, "", "token_is_invalid", TokenInvalidReason.OTHER),
        (190, 458, "", "revoked_access_token", TokenInvalidReason.REVOKED),
        (190, 459, "", "account_needs_confirmation", TokenInvalidReason.OTHER),
        (190, 460, "", "session_has_been_invalidated", TokenInvalidReason.SESSION_INVALIDATED),
        (190, 463, "", "expired_access_token", TokenInvalidReason.EXPIRED),
        (190, 464, "", "account_needs_confirmation", TokenInvalidReason.OTHER),
        (190, 466, "", "revoked_access_token", TokenInvalidReason.REVOKED),
        (190, 467, "", "token_is_invalid", TokenInvalidReason.OTHER),
        (190, 492, "", "session_has_been_invalidated", TokenInvalidReason.SESSION_INVALIDATED),
        (190, 493, "", "data_access_expired", TokenInvalidReason.EXPIRED),
        (190, None, "Failed to decode", "malformed_access_token", TokenInvalidReason.MALFORMED),
        (
            190,
            None,
            "Invalid OAuth access token - Cannot parse access token",
            "malformed_access_token",
            TokenInvalidReason.MALFORMED,
        ),
        (190, None, EXPIRED_TEXT, "expired_access_token", TokenInvalidReason.EXPIRED),
        (None, None, EXPIRED_TEXT, "expired_access_token", TokenInvalidReason.EXPIRED),
        (
            190,
            None,
            CHANGED_PASSWORD_TEXT,
            "session_has_been_invalidated",
            TokenInvalidReason.SESSION_INVALIDATED,
        ),
        (
            190,
            460,
            CHANGED_PASSWORD_TEXT,
            "session_has_been_invalidated",
            TokenInvalidReason.SESSION_INVALIDATED,
        ),
        (190, None, IDLE_TEXT, "data_access_expired", TokenInvalidReason.EXPIRED),
    ],
)
def test_dead_token(
    code: object,
    subcode: int | None,
    message: str,
    name: str,
    token_reason: TokenInvalidReason,
) -> None:
    entry = classified(graph_body(code, subcode, message))

    assert entry.known.name == name
    assert entry.reason == FailureReason.TOKEN_INVALID
    assert entry.token_reason == token_reason
    assert entry.known.action == Action.REFRESH


@pytest.mark.parametrize(
    ("body", "status", "name", "scope"),
    [
        (graph_body(4), 400, "app_rate_limit", RateLimitScope.APP),
        (graph_body(4, is_transient=True), 403, "app_rate_limit", RateLimitScope.APP),
        (
            graph_body(4, message="(#4) Application request limit reached"),
            403,
            "app_rate_limit",
            RateLimitScope.APP,
        ),
        (graph_body(341), 400, "app_rate_limit", RateLimitScope.APP),
        (graph_body(17), 400, "user_rate_limit", RateLimitScope.ACCOUNT),
        (graph_body(32), 400, "user_rate_limit", RateLimitScope.ACCOUNT),
        (graph_body(613), 400, "custom_rate_limit", RateLimitScope.ACCOUNT),
        (graph_body(80000), 400, "business_use_case_rate_limit", RateLimitScope.ACCOUNT),
        (graph_body(80014), 400, "business_use_case_rate_limit", RateLimitScope.ACCOUNT),
        (None, 429, "http_too_many_requests", RateLimitScope.ACCOUNT),
        ({}, 429, "http_too_many_requests", RateLimitScope.ACCOUNT),
    ],
)
def test_rate_limit(body: object, status: int, name: str, scope: RateLimitScope) -> None:
    entry = classified(body, status)

    assert entry.known.name == name
    assert entry.reason == FailureReason.RATE_LIMITED
    assert entry.scope == scope
    assert entry.known.action == Action.WAIT


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        (graph_body(4, 2207051), "account_restricted", FailureReason.RESTRICTED),
        (
            graph_body(4, message="We restrict certain activity to protect our community."),
            "account_restricted",
            FailureReason.RESTRICTED,
        ),
        (graph_body(4279013), "account_restricted", FailureReason.RESTRICTED),
        (graph_body(10, 4279013), "account_restricted", FailureReason.RESTRICTED),
        (graph_body(25, 2207050), "account_restricted", FailureReason.RESTRICTED),
        (graph_body(368), "account_restricted", FailureReason.RESTRICTED),
        (graph_body(1), "service_error", FailureReason.TRANSIENT),
        (graph_body(2), "service_error", FailureReason.TRANSIENT),
        (graph_body(2, is_transient=True), "service_error", FailureReason.TRANSIENT),
        (graph_body(2, is_transient=False), "service_error", FailureReason.TRANSIENT),
        (graph_body(1, 99, is_transient=True), "service_error", FailureReason.TRANSIENT),
        (graph_body(1, 99), "service_error", FailureReason.TRANSIENT),
        (
            graph_body(1, 1965014, is_transient=False),
            "lasting_service_error",
            FailureReason.HTTP_ERROR,
        ),
        (graph_body(77777, is_transient=True), "service_error", FailureReason.TRANSIENT),
        (graph_body(1, 2207052), "media_not_fetchable", FailureReason.HTTP_ERROR),
        (graph_body(3), "permission_denied", FailureReason.PERMISSION),
        (graph_body(10), "permission_denied", FailureReason.PERMISSION),
        (graph_body(200), "permission_denied", FailureReason.PERMISSION),
        (graph_body(299), "permission_denied", FailureReason.PERMISSION),
        (
            graph_body(None, message="Application does not have permission for this action"),
            "permission_denied",
            FailureReason.PERMISSION,
        ),
        (graph_body(100, 33), "object_not_found", FailureReason.NOT_FOUND),
        (graph_body(100, message=NO_OBJECT_TEXT), "object_not_found", FailureReason.NOT_FOUND),
        (
            graph_body(100, message="Tried accessing nonexisting field (status)"),
            "unsupported_field",
            FailureReason.UNSUPPORTED,
        ),
        (
            graph_body(100, message="Unsupported request - method type: get"),
            "unsupported_request",
            FailureReason.UNSUPPORTED,
        ),
        (
            graph_body(100, message="Param text must be at most 500 characters long."),
            "text_too_long",
            FailureReason.HTTP_ERROR,
        ),
        (graph_body(100), "bad_parameter", FailureReason.HTTP_ERROR),
        (graph_body(100, 77), "bad_parameter", FailureReason.HTTP_ERROR),
        (graph_body(2500), "unknown_path", FailureReason.HTTP_ERROR),
        (
            graph_body(24, 4279009, "The requested resource does not exist", is_transient=False),
            "object_not_there_yet",
            FailureReason.NOT_FOUND,
        ),
        (graph_body(24), "object_not_there_yet", FailureReason.NOT_FOUND),
        (
            graph_body(100, message="The requested resource does not exist"),
            "object_not_there_yet",
            FailureReason.NOT_FOUND,
        ),
        (graph_body(100, 24), "object_not_there_yet", FailureReason.NOT_FOUND),
        (graph_body(506), "duplicate_post", FailureReason.HTTP_ERROR),
        (graph_body(9, 2207042), "publishing_quota_reached", FailureReason.HTTP_ERROR),
        (graph_body(24, 2207006), "media_not_found", FailureReason.NOT_FOUND),
        (graph_body(24, 2207008), "media_expired", FailureReason.NOT_FOUND),
        (graph_body(36000, 2207004), "image_too_large", FailureReason.HTTP_ERROR),
        (graph_body(-1, 2207001), "media_upload_failed", FailureReason.TRANSIENT),
        (graph_body(-1, 2207032), "media_upload_failed", FailureReason.TRANSIENT),
        (graph_body(-1, 2207053), "media_upload_failed", FailureReason.TRANSIENT),
        (graph_body(-2, 2207003), "media_download_timeout", FailureReason.TRANSIENT),
        (graph_body(-2, 2207020), "media_expired", FailureReason.NOT_FOUND),
        (graph_body(352, 2207026), "video_format", FailureReason.HTTP_ERROR),
        (graph_body(9007, 2207027), "media_processing", FailureReason.TRANSIENT),
        (
            graph_body("THREADS_API__LINK_LIMIT_EXCEEDED"),
            "link_limit_exceeded",
            FailureReason.HTTP_ERROR,
        ),
        (
            graph_body(100, message="ErrorCode::THREADS_API__LINK_LIMIT_EXCEEDED"),
            "link_limit_exceeded",
            FailureReason.HTTP_ERROR,
        ),
        (
            graph_body("THREADS_API__FEATURE_NOT_AVAILABLE"),
            "feature_not_available",
            FailureReason.PERMISSION,
        ),
        (
            graph_body("THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES"),
            "invalid_country_codes",
            FailureReason.HTTP_ERROR,
        ),
        (
            {
                "error_type": "OAuthException",
                "code": 400,
                "error_message": "Matching code was not found or was already used",
            },
            "authorization_code_unusable",
            FailureReason.HTTP_ERROR,
        ),
        (
            {"error_message": "Invalid app ID", "error_code": 1349245},
            "wrong_app_credentials",
            FailureReason.HTTP_ERROR,
        ),
        (graph_body(77777, message="Something new"), "unknown_error", FailureReason.HTTP_ERROR),
    ],
)
def test_error_of_another_kind(body: object, name: str, reason: FailureReason) -> None:
    entry = classified(body)

    assert entry.known.name == name
    assert entry.reason == reason


@pytest.mark.parametrize(
    ("status", "name", "reason"),
    [
        (401, "http_unauthorized", FailureReason.TOKEN_INVALID),
        (403, "http_forbidden", FailureReason.PERMISSION),
        (404, "http_not_found", FailureReason.HTTP_ERROR),
        (429, "http_too_many_requests", FailureReason.RATE_LIMITED),
        (500, "http_server_error", FailureReason.TRANSIENT),
        (599, "http_server_error", FailureReason.TRANSIENT),
        (400, "unknown_error", FailureReason.HTTP_ERROR),
        (200, "unknown_error", FailureReason.HTTP_ERROR),
        (600, "unknown_error", FailureReason.HTTP_ERROR),
        (None, "unknown_error", FailureReason.HTTP_ERROR),
    ],
)
def test_status_decides_where_the_body_says_nothing_known(
    status: int | None, name: str, reason: FailureReason
) -> None:
    for error in (None, GraphError(), GraphError(code=77777, message="Something new")):
        entry = classify(error, status)

        assert entry.known.name == name
        assert entry.reason == reason


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_metas_word_that_it_will_pass_decides_over_the_status(status: int) -> None:
    assert name_of(graph_body(77777, is_transient=True), status) == "service_error"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_code_decides_over_the_status(status: int) -> None:
    assert name_of(graph_body(190), status) == "token_is_invalid"
    assert name_of(graph_body(100), status) == "bad_parameter"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (ContainerErrorMessage.FAILED_DOWNLOADING_VIDEO, "media_not_fetchable"),
        (ContainerErrorMessage.FAILED_PROCESSING_AUDIO, "media_processing_failed"),
        (ContainerErrorMessage.FAILED_PROCESSING_VIDEO, "media_processing_failed"),
        (ContainerErrorMessage.INVALID_ASPEC_RATIO, "video_out_of_bounds"),
        (ContainerErrorMessage.INVALID_BIT_RATE, "video_out_of_bounds"),
        (ContainerErrorMessage.INVALID_DURATION, "duration_exceed"),
        (ContainerErrorMessage.INVALID_FRAME_RATE, "video_out_of_bounds"),
        (ContainerErrorMessage.INVALID_AUDIO_CHANNELS, "video_out_of_bounds"),
        (ContainerErrorMessage.INVALID_AUDIO_CHANNEL_LAYOUT, "video_out_of_bounds"),
    ],
)
def test_containers_own_error_message_is_known(message: str, name: str) -> None:
    assert classify(GraphError(message=message), None).known.name == name


def test_names_are_unique() -> None:
    counts = Counter(known.name for known in KNOWN_ERRORS)

    assert counts.most_common(1)[0][1] == 1
    assert len(KNOWN_ERRORS) == len(ENTRIES)


def test_entry_is_found_by_its_name_alone() -> None:
    assert [entry_named(known.name) for known in KNOWN_ERRORS] == list(ENTRIES)
    assert entry_named("") is None


def test_nothing_is_claimed_twice() -> None:
    claims = Counter(chain.from_iterable(entry.matches for entry in ENTRIES))

    assert [claim for claim, count in claims.items() if count > 1] == []


def test_no_code_is_within_anothers_range() -> None:
    matchers = list(chain.from_iterable(entry.matches for entry in ENTRIES))
    codes = {matcher.code for matcher in matchers if isinstance(matcher, Code)}
    ranges = [matcher for matcher in matchers if isinstance(matcher, CodeRange)]

    within = [set(range(one.first, one.last + 1)) for one in ranges]

    assert len(set.union(codes, *within)) == len(codes) + sum(map(len, within))


def call_of(matcher: Matcher) -> tuple[GraphError, int | None]:
    """Return the least that this matcher recognises."""
    error, status = GraphError(), None
    match matcher:
        case Code(code, subcode):
            error = GraphError(code=code, subcode=subcode)
        case CodeRange(_, last):
            error = GraphError(code=last)
        case Subcode(subcode):
            error = GraphError(subcode=subcode)
        case LastingCode(code):
            error = GraphError(code=code, subcode=1, is_transient=False)
        case Message(pattern, refines):
            error = GraphError(code=refines, message=f"Oh: {pattern.upper()}!")
        case TransientFlag():
            error = GraphError(is_transient=True)
        case HttpStatus(first, last):
            status = last or first
    return error, status


@pytest.mark.parametrize(
    ("entry", "matcher"),
    [
        pytest.param(entry, matcher, id=f"{entry.known.name}: {matcher}")
        for entry in ENTRIES
        for matcher in entry.matches
    ],
)
def test_every_matcher_leads_to_its_entry(entry: Entry, matcher: Matcher) -> None:
    assert classify(*call_of(matcher)) is entry


@pytest.mark.parametrize(
    ("entry", "matcher"),
    [
        pytest.param(entry, matcher, id=f"{entry.known.name}: {matcher}")
        for entry in ENTRIES
        for matcher in entry.matches
        if isinstance(matcher, Message)
    ],
)
def test_every_pattern_leads_to_its_entry_without_a_code(entry: Entry, matcher: Message) -> None:
    assert classify(GraphError(message=matcher.pattern), 400) is entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.known.name)
def test_entry_is_sound(entry: Entry) -> None:
    assert (entry.token_reason is not None) == (entry.reason == FailureReason.TOKEN_INVALID)
    assert (entry.scope is not None) == (entry.reason == FailureReason.RATE_LIMITED)
    assert entry.known.category in set(Category)
    assert entry.known.action in set(Action)
    assert entry.known.name.isidentifier()
    for text in (entry.known.solution, entry.meaning):
        assert text.isprintable()
        assert text.endswith(".")
        assert len(text) <= 220


def test_every_category_and_action_is_in_use() -> None:
    assert {known.category for known in KNOWN_ERRORS} == set(Category)
    assert {known.action for known in KNOWN_ERRORS} == set(Action)


def test_unknown_error_is_the_last_resort() -> None:
    assert ENTRIES[-1] is UNKNOWN_ERROR
