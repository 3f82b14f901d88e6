"""What each operation takes and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.web.api.codes import ErrorCode
from exporter.web.api.openapi.examples import (
    ACCOUNTS,
    BATCH,
    CONTAINER,
    CONTAINERS,
    ERROR_BODY,
    ERROR_MESSAGE,
    KNOWN_ERROR,
    NEW_CONTAINER,
    REGISTRATIONS,
)
from exporter.web.api.openapi.schemas import ACCOUNT_NAME, LIMIT, STATUS, Schema
from exporter.web.api.openapi.schemas import CONTAINER as CONTAINER_ID
from exporter.web.api.parameters import ACCOUNT_CURSOR, CONTAINER_CURSOR

ALWAYS: Final = (
    ErrorCode.UNAUTHORIZED,
    ErrorCode.API_DISABLED,
    ErrorCode.TOO_BUSY,
    ErrorCode.INTERNAL,
)
_BODY: Final = (
    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MALFORMED_JSON,
    ErrorCode.DUPLICATE_KEY,
    ErrorCode.UNKNOWN_KEY,
    ErrorCode.MISSING_KEY,
    ErrorCode.WRONG_TYPE,
    ErrorCode.INVALID_VALUE,
)
_ONE_CONTAINER: Final = (
    ErrorCode.INVALID_PARAMETER,
    ErrorCode.NOT_FOUND,
    ErrorCode.UNKNOWN_CONTAINER,
    ErrorCode.STORE_UNAVAILABLE,
)


@dataclass(frozen=True, slots=True)
class Content:
    """A JSON body: the schemas it may have, and examples by name."""

    schemas: Sequence[str]
    examples: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    description: str
    schema: Schema
    example: object
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that needs the token; `errors` are those beside what any may answer."""

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, tuple[str, Content | None]]
    errors: Sequence[ErrorCode]
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Content | None = None
    tags: Sequence[str] = field(default=("containers",))


_PATH_ID: Final = Parameter(
    "container_id", "Meta's id of the container.", CONTAINER_ID, "17889615691921648", "path"
)
_LIMIT: Final = Parameter("limit", "How many a page holds at most.", LIMIT, 100)


def _cursor(pattern: str, example: str) -> Parameter:
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return Parameter("cursor", "The next_cursor of an earlier answer.", schema, example)


_ONE_OR_MANY: Final = Content(
    ("Container", "Registrations"), {"one": CONTAINER, "batch": REGISTRATIONS}
)
_ONE: Final = Content(("Container",), {"container": CONTAINER})

OPERATIONS: Final = (
    Operation(
        "POST",
        "/api/v1/containers",
        "registerContainers",
        "Register one container or up to 1 000",
        description="Idempotent: a container that is known already is left as it is. A batch is "
        "registered as a whole or not at all. The answer comes once all of it is stored.",
        body=Content(("NewContainer", "NewContainers"), {"one": NEW_CONTAINER, "batch": BATCH}),
        answers={
            200: ("All were known already.", _ONE_OR_MANY),
            201: ("At least one is new.", _ONE_OR_MANY),
        },
        errors=(
            *_BODY,
            ErrorCode.UNKNOWN_ACCOUNT,
            ErrorCode.CONTAINER_CONFLICT,
            ErrorCode.RATE_LIMITED,
            ErrorCode.TRACKING_FULL,
            ErrorCode.STORE_UNAVAILABLE,
        ),
    ),
    Operation(
        "GET",
        "/api/v1/containers",
        "listContainers",
        "List the containers",
        description="Ordered by id as text, so that going from page to page meets every container "
        "once that is there all the while.",
        parameters=(
            Parameter("account", "Those of this account alone.", ACCOUNT_NAME, "acme"),
            Parameter("status", "Those with this status alone.", STATUS, "IN_PROGRESS"),
            _LIMIT,
            _cursor(CONTAINER_CURSOR, "3137383839363135363931393231363438"),
        ),
        answers={200: ("A page.", Content(("ContainerPage",), {"page": CONTAINERS}))},
        errors=(
            ErrorCode.INVALID_PARAMETER,
            ErrorCode.UNKNOWN_ACCOUNT,
            ErrorCode.STORE_UNAVAILABLE,
        ),
    ),
    Operation(
        "GET",
        "/api/v1/containers/{container_id}",
        "getContainer",
        "Look up a container",
        parameters=(_PATH_ID,),
        answers={200: ("The container.", _ONE)},
        errors=_ONE_CONTAINER,
    ),
    Operation(
        "DELETE",
        "/api/v1/containers/{container_id}",
        "removeContainer",
        "Stop tracking a container",
        parameters=(_PATH_ID,),
        answers={204: ("It is no longer known here.", None)},
        errors=_ONE_CONTAINER,
    ),
    Operation(
        "POST",
        "/api/v1/errors",
        "reportError",
        "Report an error that a publisher got from Meta",
        description="Classified by the error catalogue and counted in "
        "threads_reported_errors_total. Of its text nothing is kept.",
        body=Content(("ErrorReport",), {"message": ERROR_MESSAGE, "body": ERROR_BODY}),
        answers={200: ("The catalogue's entry.", Content(("KnownError",), {"known": KNOWN_ERROR}))},
        errors=(
            *_BODY,
            ErrorCode.UNKNOWN_ACCOUNT,
            ErrorCode.RATE_LIMITED,
            ErrorCode.STORE_UNAVAILABLE,
        ),
        tags=("errors",),
    ),
    Operation(
        "GET",
        "/api/v1/accounts",
        "listAccounts",
        "List the accounts with what was last seen of each",
        description="Ordered by name.",
        parameters=(_LIMIT, _cursor(ACCOUNT_CURSOR, "61636d65")),
        answers={200: ("A page.", Content(("AccountPage",), {"page": ACCOUNTS}))},
        errors=(ErrorCode.INVALID_PARAMETER,),
        tags=("accounts",),
    ),
)
