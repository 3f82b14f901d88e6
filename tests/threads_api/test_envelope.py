import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.threads_api.catalogue import ENTRIES, classify
from exporter.threads_api.envelope import GraphError, parse_error

TOKEN = "THAAQsomebodysAccessToken0123456789"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([190, "190", 10**200, -0.0, "nonexisting field", TOKEN])
)
KEYS = (
    st.sampled_from(
        [
            "error",
            "code",
            "error_code",
            "message",
            "error_message",
            "error_description",
            "error_subcode",
            "subcode",
            "type",
            "error_type",
            "is_transient",
            "error_user_title",
            "error_user_msg",
            "fbtrace_id",
            "data",
        ]
    )
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=20,
)


def test_graph_envelope_is_read_whole() -> None:
    body = {
        "error": {
            "message": "Error validating access token: Session has expired",
            "type": "OAuthException",
            "code": 190,
            "error_subcode": 463,
            "is_transient": False,
            "error_user_title": "Token",
            "error_user_msg": "It is over",
            "fbtrace_id": "A6LJylpZRKw2xKLFsAP-cJh",
        }
    }

    assert parse_error(body) == GraphError(
        code=190,
        subcode=463,
        message=(
            "Error validating access token: Session has expired\nToken\nIt is over\nOAuthException"
        ),
        error_type="OAuthException",
        is_transient=False,
        trace_id="A6LJylpZRKw2xKLFsAP-cJh",
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "Failed"}}, GraphError(message="Failed")),
        ({"error": {"code": 4}}, GraphError(code=4)),
        ({"error": {}}, GraphError()),
        (
            {"error_type": "OAuthException", "code": 400, "error_message": "Matching code"},
            GraphError(
                code=400,
                message="Matching code\nOAuthException",
                error_type="OAuthException",
            ),
        ),
        (
            {"error_message": "Invalid app", "error_code": 1349245},
            GraphError(code=1349245, message="Invalid app"),
        ),
        (
            {"error": {"code": 190, "message": "Over", "subcode": 460}, "is_valid": False},
            GraphError(code=190, subcode=460, message="Over"),
        ),
        (
            {"code": 190, "message": "Over", "subcode": 460},
            GraphError(code=190, subcode=460, message="Over"),
        ),
        (
            {"error": "invalid_request", "error_description": "No"},
            GraphError(message="invalid_request\nNo"),
        ),
    ],
    ids=[
        "message alone",
        "code alone",
        "empty",
        "OAuth endpoint",
        "authorize page",
        "within debug_token's data",
        "the error object itself",
        "RFC 6749",
    ],
)
def test_every_shape_is_read(body: object, error: GraphError) -> None:
    assert parse_error(body) == error


@pytest.mark.parametrize(
    "body",
    [
        None,
        "token is invalid",
        190,
        [],
        [{"error": {"code": 190}}],
        {},
        {"data": []},
        {"data": {"is_valid": False, "error": {"code": 190, "message": "Over"}}},
        {"error": None},
        {"error": 190},
        {"error": [{"code": 190}]},
        {"id": "1", "status": "ERROR", "error_message": "FAILED_DOWNLOADING_VIDEO"},
        {"code": "AQB…"},
    ],
)
def test_what_is_no_error_is_none(body: object) -> None:
    assert parse_error(body) is None


@pytest.mark.parametrize(
    ("code", "read"),
    [
        (190, 190),
        (-2, -2),
        ("190", 190),
        ("-2", -2),
        ("THREADS_API__LINK_LIMIT_EXCEEDED", "THREADS_API__LINK_LIMIT_EXCEEDED"),
        (True, None),
        (190.0, None),
        (10**200, None),
        (-(10**10), None),
        ("1" * 5000, None),
        ("٣", None),
        (" 190", None),
        (TOKEN, None),
        (TOKEN.upper(), None),
        ("", None),
        ([190], None),
        ({"code": 190}, None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_code_is_an_integer_or_a_documented_name(code: object, read: object) -> None:
    error = parse_error({"error": {"code": code}})

    assert error is not None
    assert error.code == read


@pytest.mark.parametrize("subcode", [True, 33.0, "THREADS_API__X", 10**200, [33], None])
def test_hostile_subcode_is_dropped(subcode: object) -> None:
    error = parse_error({"error": {"code": 100, "error_subcode": subcode}})

    assert error == GraphError(code=100)


@pytest.mark.parametrize("hostile", [1, True, None, ["x"], {"x": 1}])
def test_text_that_is_none_is_empty(hostile: object) -> None:
    body = {"message": hostile, "type": hostile, "fbtrace_id": hostile, "error_user_msg": hostile}

    assert parse_error({"error": body}) == GraphError()


@pytest.mark.parametrize(
    ("error_type", "read"),
    [("THApiException", "THApiException"), (TOKEN, ""), ("OAuthException 1", ""), ("", "")],
)
def test_error_type_is_kept_only_when_it_looks_like_one(error_type: str, read: str) -> None:
    error = parse_error({"error": {"type": error_type}})

    assert error is not None
    assert error.error_type == read


@pytest.mark.parametrize("flag", [1, 0, "true", None])
def test_is_transient_is_a_boolean_or_unknown(flag: object) -> None:
    error = parse_error({"error": {"is_transient": flag}})

    assert error is not None
    assert error.is_transient is None


@pytest.mark.parametrize(
    ("trace_id", "read"),
    [
        ("BLBz/WZt8dN", "BLBz/WZt8dN"),
        ("A" * 33, None),
        ("line\nfeed", None),
        ("<b>", None),
        ("", None),
    ],
)
def test_trace_id_is_kept_only_when_it_looks_like_one(trace_id: str, read: str | None) -> None:
    error = parse_error({"error": {"fbtrace_id": trace_id}})

    assert error is not None
    assert error.trace_id == read


def test_upstream_text_is_in_no_repr() -> None:
    keys = ("message", "type", "code", "error_subcode", "error_user_title", "error_user_msg")

    shown = str(parse_error({"error": dict.fromkeys(keys, f"bad {TOKEN}")}))

    assert shown == (
        "GraphError(code=None, subcode=None, error_type='', is_transient=None, trace_id=None)"
    )


def test_giant_message_is_cut() -> None:
    error = parse_error({"error": {"message": "x" * 1_000_000}})

    assert error is not None
    assert len(error.message) == 4096


@given(body=JSON, status=st.none() | st.integers())
def test_any_json_is_read_and_classified(body: object, status: int | None) -> None:
    error = parse_error(body)

    assert classify(error, status) in ENTRIES
    assert TOKEN not in str(error)
