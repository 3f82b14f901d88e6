"""Meta's answers, parsed: what comes out is typed and within bounds, or MalformedAnswerError."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NoReturn

from exporter.domain import (
    ContainerErrorMessage,
    ContainerState,
    ContainerStatus,
    Quota,
    QuotaKind,
    TokenFacts,
    TokenInvalidReason,
)
from exporter.threads_api.catalogue import classify
from exporter.threads_api.envelope import parse_error

QUOTA_FIELDS: Mapping[QuotaKind, tuple[str, str]] = {
    QuotaKind.PUBLISH: ("quota_usage", "config"),
    QuotaKind.REPLY: ("reply_quota_usage", "reply_config"),
    QuotaKind.DELETE: ("delete_quota_usage", "delete_config"),
    QuotaKind.LOCATION_SEARCH: ("location_search_quota_usage", "location_search_config"),
}
"""The usage and the configuration field of each quota.

Source: https://developers.facebook.com/docs/threads/troubleshooting, "Retrieve Quota Limits"
"""

_EXACT_AS_FLOAT = 1 << 53
_SHARED_CHARACTERS = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")


class MalformedAnswerError(Exception):
    """An answer that is not what Meta documents; the message names the field, not its value."""


def decode(body: bytes) -> object:
    """Return the body's JSON; NaN, infinities, endless nesting and giant numbers are refused."""
    try:
        return _JSON.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise MalformedAnswerError("the body is not JSON") from None


def parse_quotas(answer: object, kinds: Iterable[QuotaKind]) -> Mapping[QuotaKind, Quota]:
    """Return the quotas that the answer tells of, at least one.

    An empty `data` is what some invalid tokens get; it never means a usage of 0.
    """
    report = _first(_mapping(answer, "answer").get("data"), "data")
    quotas = {
        kind: quota for kind in kinds if (quota := _quota(report, *QUOTA_FIELDS[kind])) is not None
    }
    if not quotas:
        raise MalformedAnswerError("data[0]: names no usage")
    return quotas


def parse_container(answer: object) -> ContainerState:
    fields = _mapping(answer, "answer")
    status = _text(fields.get("status"), "status")
    if status not in _CONTAINER_STATUSES:
        return ContainerState(ContainerStatus.OTHER)
    if status != ContainerStatus.ERROR:
        return ContainerState(ContainerStatus(status))
    return ContainerState(ContainerStatus.ERROR, _container_error(fields.get("error_message")))


def parse_token(answer: object) -> TokenFacts:
    """Return what debug_token says; a time of 0 stands for none.

    Source: https://developers.facebook.com/docs/threads/reference/debug
    """
    data = _mapping(_mapping(answer, "answer").get("data"), "data")
    if type(valid := data.get("is_valid")) is not bool:
        raise MalformedAnswerError("data.is_valid: not a boolean")
    return TokenFacts(
        invalid_reason=None if valid else _invalid_reason(data),
        expires_at=_time(data, "expires_at"),
        data_access_expires_at=_time(data, "data_access_expires_at"),
        issued_at=_time(data, "issued_at"),
        scopes=_scopes(data.get("scopes")),
    )


def parse_me(answer: object) -> str:
    """Return the id of the token's user."""
    return _unicode(_mapping(answer, "answer").get("id"), "id")


_CONTAINER_STATUSES = frozenset(
    {
        ContainerStatus.IN_PROGRESS,
        ContainerStatus.FINISHED,
        ContainerStatus.PUBLISHED,
        ContainerStatus.ERROR,
        ContainerStatus.EXPIRED,
    }
)


def _quota(report: Mapping[str, object], usage_field: str, config_field: str) -> Quota | None:
    usage = report.get(usage_field)
    if usage is None:
        return None
    config = report.get(config_field)
    limits = {} if config is None else _mapping(config, config_field)
    return _shared_quota(
        _count(usage, usage_field),
        _optional_count(limits, config_field, "quota_total"),
        _optional_count(limits, config_field, "quota_duration"),
    )


@lru_cache(maxsize=4096)
def _shared_quota(usage: int, limit: int | None, window_seconds: int | None) -> Quota:
    """Return the quota; equal ones are one: thousands of accounts have few different ones."""
    return Quota(usage, limit, window_seconds)


def _container_error(value: object) -> ContainerErrorMessage:
    if value is None:
        return ContainerErrorMessage.OTHER
    message = _text(value, "error_message")
    try:
        return ContainerErrorMessage(message)
    except ValueError:
        return ContainerErrorMessage.OTHER


def _invalid_reason(data: Mapping[str, object]) -> TokenInvalidReason:
    error = parse_error({"error": data.get("error")})
    return classify(error, None).token_reason or TokenInvalidReason.OTHER


def _scopes(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise MalformedAnswerError("data.scopes: not a list")
    scopes = frozenset(_unicode(scope, "data.scopes") for scope in value)
    return _shared_scopes(scopes) if sum(map(len, scopes)) <= _SHARED_CHARACTERS else scopes


@lru_cache(maxsize=256)
def _shared_scopes(scopes: frozenset[str]) -> frozenset[str]:
    """Return the scopes; equal ones are one, as most accounts' are."""
    return scopes


def _time(data: Mapping[str, object], name: str) -> int | None:
    value = data.get(name)
    return None if value is None else _count(value, f"data.{name}") or None


def _optional_count(fields: Mapping[str, object], place: str, name: str) -> int | None:
    value = fields.get(name)
    return None if value is None else _count(value, f"{place}.{name}")


def _count(value: object, place: str) -> int:
    if type(value) is not int or not 0 <= value <= _EXACT_AS_FLOAT:
        raise MalformedAnswerError(f"{place}: not a count")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise MalformedAnswerError(f"{place}: not a string")
    return value


def _unicode(value: object, place: str) -> str:
    """Return a text that goes on as it is, so that it must not hold half of a surrogate pair."""
    text = _text(value, place)
    if _SURROGATE.search(text):
        raise MalformedAnswerError(f"{place}: not Unicode")
    return text


def _mapping(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedAnswerError(f"{place}: not an object")
    return value


def _first(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, list) or not value:
        raise MalformedAnswerError(f"{place}: not a list with an element")
    return _mapping(value[0], f"{place}[0]")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
