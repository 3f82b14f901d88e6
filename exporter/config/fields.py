"""What a value of the configuration file may be.

A check takes what the YAML said and returns the value to use, or raises ValueError with a
sentence that never quotes the value: it may be a secret in the wrong place.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import AfterValidator, PlainValidator, ValidationInfo

from exporter.config import urls
from exporter.config.durations import parse_duration
from exporter.config.file_patterns import absolute_pattern
from exporter.secret import Secret, SecretUnreadableError, parse_secret

MAX_TEXT: Final = 128
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{1,32}")
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# All of it, or a part that is too long for the name of a file that anyone has.
_TOKEN_LIKE = re.compile(r"\A[A-Za-z0-9|%=_-]{60,}\Z|[A-Za-z0-9|%=_-]{120,}")
_READINGS = ((bool, "a boolean"), (int | float, "a number"), (date, "a date"))
_RESERVED_LABELS = frozenset({"account", "user_id"})


def check_string(value: object) -> str:
    if isinstance(value, str):
        return value
    reading = next((noun for kind, noun in _READINGS if isinstance(value, kind)), None)
    remedy = f": put it in quotes, bare it is {reading}" if reading else ""
    raise ValueError(f"must be a string{remedy}")


def check_text(value: object) -> str:
    text = check_string(value)
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    if _UNFIT.search(text):
        raise ValueError("holds a control character or half of a surrogate pair: remove it")
    return text


def check_name(value: object) -> str:
    text = check_text(value)
    if not text:
        raise ValueError("is empty: give the account a name")
    return text


def check_container_id(value: object) -> str:
    text = check_string(value)
    if not _DIGITS.fullmatch(text):
        raise ValueError("must be 1 to 32 digits")
    return text


def check_user_id(value: object) -> str:
    text = check_string(value)
    if text != "me" and not _DIGITS.fullmatch(text):
        raise ValueError('must be "me" or 1 to 32 digits')
    return text


def check_label_name(value: object) -> str:
    text = check_string(value)
    if text in _RESERVED_LABELS:
        raise ValueError("threads_account_info has this label already: choose another name")
    if not _IDENTIFIER.fullmatch(text) or text.startswith("__"):
        raise ValueError(
            "is no label name: use letters, digits and underscores, "
            "without a digit or two underscores in front"
        )
    return text


def check_path(value: object) -> str:
    text = check_string(value)
    if _TOKEN_LIKE.search(text):
        raise ValueError("looks like a token: write the path of a file that holds the token")
    if not text or _UNFIT.search(text):
        raise ValueError("must be the path of a file")
    return text


def check_variable_name(value: object) -> str:
    text = check_string(value)
    if _TOKEN_LIKE.search(text):
        raise ValueError("looks like a token: write the name of a variable that holds the token")
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError("must be the name of an environment variable")
    return text


def check_token(value: object) -> Secret:
    try:
        return parse_secret(check_string(value), "")
    except SecretUnreadableError as error:
        raise ValueError(str(error).removeprefix(": ")) from None


def check_absent(value: object) -> None:
    if value is not None:
        raise ValueError(
            "is not taken over HTTP: what is there must not name files and variables of this host; "
            "send access_token"
        )


def check_timestamp(value: object) -> int:
    """Return Unix seconds for what YAML read as a timestamp, or for RFC 3339 in quotes."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("must be a time with its zone, such as 2027-01-15T00:00:00Z")
    if not 1970 < moment.year < 3000:
        raise ValueError("must be between the years 1970 and 3000")
    return int(moment.timestamp())


def check_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def check_distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("lists a value twice: remove one")
    return values


def resolve_path(value: object, info: ValidationInfo) -> Path:
    """Return the path, relative ones against the folder that is the validation's context."""
    return _folder(info) / check_path(value)


def resolve_pattern(value: object, info: ValidationInfo) -> str:
    return absolute_pattern(_folder(info), check_path(value))


def whole_number(least: int, most: int) -> PlainValidator:
    def check(value: object) -> int:
        if type(value) is int and least <= value <= most:
            return value
        raise ValueError(f"must be a whole number from {least} to {most}")

    return PlainValidator(check)


def duration(least: str, most: str) -> PlainValidator:
    def check(value: object) -> float:
        seconds = parse_duration(value)
        if parse_duration(least) <= seconds <= parse_duration(most):
            return seconds
        raise ValueError(f"must be from {least} to {most}")

    return PlainValidator(check)


def url(check: Callable[[str], str]) -> PlainValidator:
    return PlainValidator(lambda value: check(check_string(value)))


def _folder(info: ValidationInfo) -> Path:
    return cast("Path", info.context)


Name = Annotated[str, PlainValidator(check_name)]
Text = Annotated[str, PlainValidator(check_text)]
LabelName = Annotated[str, PlainValidator(check_label_name)]
UserId = Annotated[str, PlainValidator(check_user_id)]
ContainerId = Annotated[str, PlainValidator(check_container_id)]
ContainerIds = Annotated[tuple[ContainerId, ...], AfterValidator(check_distinct)]
FilePath = Annotated[Path, PlainValidator(resolve_path)]
FilePattern = Annotated[str, PlainValidator(resolve_pattern)]
VariableName = Annotated[str, PlainValidator(check_variable_name)]
InlineToken = Annotated[Secret, PlainValidator(check_token)]
NotFromRemote = Annotated[None, PlainValidator(check_absent)]
Timestamp = Annotated[int, PlainValidator(check_timestamp)]
Boolean = Annotated[bool, PlainValidator(check_boolean)]
BaseUrl = Annotated[str, url(urls.https_url)]
DiscoveryUrl = Annotated[str, url(urls.https_url_with_query)]
ProxyUrl = Annotated[str, url(urls.proxy_url)]
StoreUrl = Annotated[str, url(urls.store_url)]
