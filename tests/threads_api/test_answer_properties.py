"""Whatever Meta answers to whichever question: a value within its type's bounds, or a failure."""

import json
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import ContainerErrorMessage, ContainerStatus, Endpoint
from exporter.threads_api.answers import QUOTA_FIELDS
from exporter.threads_api.http import HttpAnswer
from fuzz.json_mutation import VALUES
from fuzz.replies import check_answer
from tests.examples import examples

QUOTA_KEYS = [name for names in QUOTA_FIELDS.values() for name in names]
CONFIG_KEYS = ["quota_total", "quota_duration"]
TOKEN_KEYS = [
    *("is_valid", "expires_at", "data_access_expires_at", "issued_at", "scopes", "error"),
]
ERROR_KEYS = [
    *("code", "error_code", "error_subcode", "subcode", "type", "error_type", "message"),
    *("error_message", "error_description", "error_user_title", "error_user_msg"),
    *("is_transient", "fbtrace_id"),
]
HEADERS = ["X-App-Usage", "X-Business-Use-Case-Usage", "Retry-After"]
USAGE_KEYS = ["call_count", "total_time", "total_cputime", "estimated_time_to_regain_access"]

endpoints = st.sampled_from(Endpoint)
statuses = st.sampled_from([200, 204, 302, 400, 401, 403, 404, 429, 500, 503]) | st.integers(0, 999)
scalars = (
    st.sampled_from([*VALUES, *ContainerStatus, *ContainerErrorMessage, 4, 190, 463, "190", 86_400])
    | st.integers()
    | st.floats()
    | st.text(st.characters())
)
any_json = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3)
    ),
    max_leaves=8,
)


CONFIG = {"quota_total": 250, "quota_duration": 86_400}
DOCUMENTED: Mapping[Endpoint, object] = {
    Endpoint.PUBLISHING_LIMIT: {
        "data": [{usage: 4, config: CONFIG} for usage, config in QUOTA_FIELDS.values()]
    },
    Endpoint.CONTAINER: {"id": "1", "status": "ERROR", "error_message": "UNKNOWN"},
    Endpoint.DEBUG_TOKEN: {
        "data": {
            "is_valid": False,
            "scopes": ["threads_basic"],
            "expires_at": 1_795_184_000,
            "data_access_expires_at": 0,
            "issued_at": 1_790_000_000,
            "error": {"code": 190, "subcode": 463, "message": "Session has expired"},
        }
    },
    Endpoint.ME: {"id": "17841400000000000"},
}


def spoilt(document: object) -> Iterator[object]:
    """Yield the document with each value that it holds in turn replaced by each odd one."""
    yield from VALUES
    if isinstance(document, dict):
        for key, item in document.items():
            yield from ({**document, key: odd} for odd in spoilt(item))
    if isinstance(document, list):
        for index, item in enumerate(document):
            yield from ([*document[:index], odd, *document[index + 1 :]] for odd in spoilt(item))


@pytest.mark.parametrize("endpoint", Endpoint)
def test_an_answer_with_any_one_value_odd(endpoint: Endpoint) -> None:
    for answer in spoilt(DOCUMENTED[endpoint]):
        check_answer(endpoint, HttpAnswer(200, {}, json.dumps(answer).encode()))


def objects(keys: list[str], values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from(keys), values, max_size=len(keys))


errors = objects(["error"], any_json | objects(ERROR_KEYS, any_json)) | objects(
    ERROR_KEYS, any_json
)
answers = {
    Endpoint.PUBLISHING_LIMIT: st.lists(
        objects(QUOTA_KEYS, any_json | objects(CONFIG_KEYS, any_json)), max_size=2
    ).map(lambda reports: {"data": reports}),
    Endpoint.CONTAINER: objects(["status", "error_message", "id"], any_json),
    Endpoint.DEBUG_TOKEN: objects(
        TOKEN_KEYS, any_json | st.lists(scalars, max_size=3) | objects(ERROR_KEYS, any_json)
    ).map(lambda data: {"data": data}),
    Endpoint.ME: objects(["id"], any_json),
}
usages = objects(USAGE_KEYS, scalars) | st.dictionaries(
    st.text(max_size=3), st.lists(objects(USAGE_KEYS, any_json), max_size=2), max_size=2
)
days = st.from_regex(
    r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{2,5} [0-9: +-]*", fullmatch=True
)
header_values = usages.map(json.dumps) | days | st.integers().map(str) | st.text(st.characters())


@given(st.data(), endpoints, st.sampled_from([200, 200, 400, 503]))
@examples(200)
def test_an_answer_that_is_nearly_as_documented(
    data: st.DataObject, endpoint: Endpoint, status: int
) -> None:
    answer = data.draw(answers[endpoint] | errors)

    check_answer(endpoint, HttpAnswer(status, {}, json.dumps(answer).encode()))


@given(endpoints, statuses, any_json.map(json.dumps) | st.text())
@examples(100)
def test_an_answer_of_any_json(endpoint: Endpoint, status: int, text: str) -> None:
    check_answer(endpoint, HttpAnswer(status, {}, text.encode()))


@given(endpoints, statuses, st.binary())
@examples(100)
def test_an_answer_of_any_bytes(endpoint: Endpoint, status: int, body: bytes) -> None:
    check_answer(endpoint, HttpAnswer(status, {}, body))


@given(
    st.sampled_from([200, 400, 429, 503]),
    st.dictionaries(st.sampled_from(HEADERS), header_values),
)
@examples(200)
def test_an_answer_with_any_headers(status: int, headers: dict[str, str]) -> None:
    check_answer(Endpoint.ME, HttpAnswer(status, headers, b'{"id": "1"}'))
