"""What the client makes of one answer, and whether that is within the bounds of its types."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import assert_never

from exporter.domain import (
    ContainerErrorMessage,
    ContainerState,
    ContainerStatus,
    Endpoint,
    FailureReason,
    Quota,
    QuotaKind,
    TokenFacts,
    TokenInvalidReason,
    UsageResource,
)
from exporter.secret import Secret
from exporter.threads_api.catalogue import KNOWN_ERRORS, RateLimitScope
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.http import HttpAnswer, HttpTransport
from exporter.threads_api.reply import Failure, Reply
from fuzz.standing import NOBODY, STILL

Value = Mapping[QuotaKind, Quota] | ContainerState | TokenFacts | str

_MOST = 1 << 53
_DAY = 86_400.0
_NAMED_CODE = re.compile(r"THREADS_API__[A-Z0-9_]{1,50}")
_TRACE_ID = re.compile(r"[A-Za-z0-9_/+-]{1,32}")
_DETAIL = re.compile(r"[a-z_]+(\[0\])?(\.[a-z_]+)?: [a-zU ]+|the body is not JSON")
_KINDS = tuple(QuotaKind)
_TOKEN = Secret("a token")


class _Canned(HttpTransport):
    """Answers every call with one answer, without a network."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer

    def get(
        self, url: str, query: Mapping[str, str], bearer: Secret | None, **_: object
    ) -> HttpAnswer:
        assert url.startswith("https://")
        assert query
        assert bearer == _TOKEN
        return self._answer


_QUESTIONS: Mapping[Endpoint, Callable[[ThreadsClient], Reply[Value]]] = {
    Endpoint.PUBLISHING_LIMIT: lambda client: client.publishing_limit("me", _KINDS, _TOKEN),
    Endpoint.CONTAINER: lambda client: client.container("1", _TOKEN),
    Endpoint.DEBUG_TOKEN: lambda client: client.debug_token(_TOKEN, _TOKEN),
    Endpoint.ME: lambda client: client.me(_TOKEN),
}


def check_answer(endpoint: Endpoint, answer: HttpAnswer) -> None:
    """Assert that the client takes the answer for a value or a failure, both within bounds."""
    client = ThreadsClient(
        _Canned(answer),
        base_url="https://graph.invalid/v1.0",
        token_in_query=False,
        clock=STILL,
        observer=NOBODY,
    )
    reply = _QUESTIONS[endpoint](client)
    if answer.status != HTTPStatus.OK:
        assert isinstance(reply.outcome, Failure)
    _check(reply)


def _check(reply: Reply[Value]) -> None:
    for resource, ratio in reply.usage.items():
        assert isinstance(resource, UsageResource)
        assert type(ratio) is float
        assert 0 <= ratio < float("inf")
    if isinstance(reply.outcome, Failure):
        _check_failure(reply.outcome)
    else:
        _check_value(reply.outcome)


def _check_value(value: Value) -> None:
    match value:
        case str():
            value.encode()
        case ContainerState():
            assert isinstance(value.status, ContainerStatus)
            assert isinstance(value.error_message, ContainerErrorMessage | None)
        case TokenFacts():
            _check_token(value)
        case Mapping():
            _check_quotas(value)
        case _:
            assert_never(value)


def _check_quotas(quotas: Mapping[QuotaKind, Quota]) -> None:
    assert quotas
    for kind, quota in quotas.items():
        assert isinstance(kind, QuotaKind)
        assert _is_count(quota.usage)
        assert quota.limit is None or _is_count(quota.limit)
        assert quota.window_seconds is None or _is_count(quota.window_seconds)


def _check_token(token: TokenFacts) -> None:
    assert isinstance(token.invalid_reason, TokenInvalidReason | None)
    for time in (token.expires_at, token.data_access_expires_at, token.issued_at):
        assert time is None or (_is_count(time) and time)
    for scope in token.scopes or ():
        assert type(scope) is str
        scope.encode()


def _check_failure(failure: Failure) -> None:
    assert isinstance(failure.reason, FailureReason)
    assert failure.reason is not FailureReason.INTERNAL
    assert failure.error in (None, *KNOWN_ERRORS)
    assert isinstance(failure.token_reason, TokenInvalidReason | None)
    assert isinstance(failure.scope, RateLimitScope | None)
    assert _is_code(failure.code)
    assert failure.subcode is None or _is_code(failure.subcode)
    assert failure.trace_id is None or _TRACE_ID.fullmatch(failure.trace_id)
    assert failure.detail is None or _DETAIL.fullmatch(failure.detail)
    assert failure.retry_after is None or 1 <= failure.retry_after <= _DAY


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _is_code(value: object) -> bool:
    if isinstance(value, str):
        return _NAMED_CODE.fullmatch(value) is not None
    return value is None or (type(value) is int and abs(value) < 10**10)
