"""The shapes of what goes in and out, as JSON Schema 2020-12."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerStatus,
    FailureReason,
    Poll,
    QuotaKind,
    TokenInvalidReason,
)
from exporter.web.api.account_json import TokenState
from exporter.web.api.codes import ERRORS
from exporter.web.api.parameters import ACCOUNT_CURSOR, CONTAINER_CURSOR
from exporter.web.api.values import (
    ACCOUNT,
    CONTAINER_ID,
    LONGEST_ACCOUNT,
    LONGEST_ERROR,
    MOST_CONTAINERS,
    MOST_ON_A_PAGE,
    USUAL_PAGE,
)
from exporter.web.landing.attention import Need

Schema = Mapping[str, object]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], description: str = "") -> Schema:
    """Return an object that has all of these properties and no others."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    return {**schema, "description": description} if description else schema


def _array(items: Schema, **bounds: object) -> Schema:
    return {"type": "array", "items": items, **bounds}


def _text(description: str, **bounds: object) -> Schema:
    return {"type": "string", "description": description, **bounds}


def _one_of(values: Iterable[str], description: str) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values], "description": description}


def _or_null(schema: Schema) -> Schema:
    values = schema.get("enum")
    enum = {"enum": [*values, None]} if isinstance(values, list) else {}
    return {**schema, **enum, "type": [schema["type"], "null"]}


def _time(description: str) -> Schema:
    return _text(description, format="date-time")


def _whole(description: str = "") -> Schema:
    return {"type": "integer", "minimum": 0} | ({"description": description} if description else {})


ACCOUNT_NAME: Final = _text(
    "The name of a configured account.",
    minLength=1,
    maxLength=LONGEST_ACCOUNT,
    pattern=f"^{ACCOUNT}$",
)
CONTAINER: Final = _text("Meta's id of the container.", pattern=f"^{CONTAINER_ID}$")
STATUS: Final = _one_of(
    ContainerStatus,
    "Meta's status; PENDING before its first answer, OTHER for a status that Meta added.",
)
LIMIT: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST_ON_A_PAGE,
    "default": USUAL_PAGE,
}
_CURSOR: Final = "What to pass as cursor for the next page; null on the last one."

_NEW_CONTAINER: Final = _object({"account": ACCOUNT_NAME, "container_id": CONTAINER})
_NEW_CONTAINERS: Final = _object(
    {"containers": _array(ref("NewContainer"), minItems=1, maxItems=MOST_CONTAINERS)},
    "Registered all or none. Naming a container twice does no harm.",
)
_CONTAINER_PROPERTIES: Final[Mapping[str, Schema]] = {
    "account": ACCOUNT_NAME,
    "container_id": CONTAINER,
    "status": STATUS,
    "error_message": _or_null(
        _one_of(ContainerErrorMessage, "With the status ERROR: why; OTHER for one that Meta added.")
    ),
    "outcome": _or_null(
        _one_of(ContainerOutcome, "How it ended for the exporter; null while it is tracked.")
    ),
    "registered_at": _time("When it was registered."),
    "asked_at": _or_null(_time("When Meta was last asked about it.")),
    "ended_at": _or_null(_time("When it ended.")),
}
_REGISTRATION_PROPERTIES: Final[Mapping[str, Schema]] = {
    **_CONTAINER_PROPERTIES,
    "created": {"type": "boolean", "description": "Whether this request registered it."},
}

_ERROR_REPORT: Final = _object(
    {
        "account": ACCOUNT_NAME,
        "error": {
            "description": "The message or the JSON body that the publisher got. It is classified "
            "and not kept.",
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": LONGEST_ERROR},
                {"type": "object"},
            ],
        },
    }
)
_KNOWN_ERROR: Final = _object(
    {
        "error": _text("The name of the error catalogue's entry; unknown_error if none fits."),
        "category": _text("What it is about."),
        "action": _text("Whose turn it is."),
        "solution": _text("What helps."),
    }
)

_TOKEN: Final = _object(
    {
        "state": _one_of(TokenState, "expires_soon: within seven days."),
        "invalid_reason": _or_null(_one_of(TokenInvalidReason, "Why Meta refuses it.")),
        "expires_at": _or_null(_time("When it expires; null while unknown.")),
        "data_access_expires_at": _or_null(_time("When its data access expires.")),
        "issued_at": _or_null(_time("When it was issued.")),
    }
)
_QUOTA: Final = _object(
    {
        "usage": _whole("How much of it is used."),
        "limit": _or_null(_whole("How much there is; null where Meta names no limit.")),
        "window_seconds": _or_null(_whole("The rolling window that it counts over.")),
    }
)
_POLL: Final = _object(
    {
        "succeeded": {"type": ["boolean", "null"], "description": "The last poll; null before it."},
        "last_success_at": _or_null(_time("When the last success was.")),
        "last_failure": _or_null(_one_of(FailureReason, "The last failure, also a past one.")),
    }
)


def _by_kind(kinds: type[StrEnum], schema: Schema, description: str) -> Schema:
    """Return an object that has some of the kinds as its keys."""
    properties = {str(kind): schema for kind in kinds}
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "description": description,
    }


_SEEN_ACCOUNT: Final = _object(
    {
        "name": ACCOUNT_NAME,
        "user_id": _text("The Threads user, or me."),
        "needs": _array(
            _one_of([need.name.lower() for need in Need], "What it needs a hand with."),
            description="What it needs a hand with, the most urgent first.",
        ),
        "token": ref("Token"),
        "quotas": _by_kind(QuotaKind, ref("Quota"), "The quotas that Meta told of."),
        "refused_quotas": _by_kind(
            QuotaKind, _one_of(FailureReason, "Why."), "The quotas that Meta refuses to tell of."
        ),
        "containers": _object(
            {str(status): _whole() for status in ContainerStatus}, "How many have which status."
        ),
        "polls": _object({str(poll): ref("Poll") for poll in Poll}),
        "paused_until": _or_null(_time("Until when a rate limit of Meta holds its polls back.")),
    },
    "What was last seen of an account.",
)

SCHEMAS: Final[Mapping[str, Schema]] = {
    "NewContainer": _NEW_CONTAINER,
    "NewContainers": _NEW_CONTAINERS,
    "Container": _object(_CONTAINER_PROPERTIES),
    "Registration": _object(_REGISTRATION_PROPERTIES),
    "Registrations": _object(
        {"containers": _array(ref("Registration"), minItems=1, maxItems=MOST_CONTAINERS)},
        "One for each container of the request, in its order.",
    ),
    "ContainerPage": _object(
        {
            "containers": _array(ref("Container"), maxItems=MOST_ON_A_PAGE),
            "next_cursor": _or_null(_text(_CURSOR, pattern=f"^{CONTAINER_CURSOR}$")),
        }
    ),
    "ErrorReport": _ERROR_REPORT,
    "KnownError": _KNOWN_ERROR,
    "Token": _TOKEN,
    "Quota": _QUOTA,
    "Poll": _POLL,
    "Account": _SEEN_ACCOUNT,
    "AccountPage": _object(
        {
            "accounts": _array(ref("Account"), maxItems=MOST_ON_A_PAGE),
            "next_cursor": _or_null(_text(_CURSOR, pattern=f"^{ACCOUNT_CURSOR}$")),
        }
    ),
    "ErrorCode": _one_of(
        ERRORS,
        "\n".join(f"- `{code}` ({kind.status}): {kind.message}" for code, kind in ERRORS.items()),
    ),
    "Error": {
        "type": "object",
        "properties": {
            "code": ref("ErrorCode"),
            "message": _text("A sentence for people. It repeats nothing of the request."),
            "path": _text("The place in the request's body, as a JSONPath.", pattern=r"^\$"),
        },
        "required": ["code", "message"],
        "additionalProperties": False,
    },
}
