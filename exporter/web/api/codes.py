from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """What went wrong, for programs."""

    UNAUTHORIZED = "unauthorized"
    API_DISABLED = "api_disabled"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    BODY_TOO_LARGE = "body_too_large"
    MALFORMED_JSON = "malformed_json"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    INVALID_VALUE = "invalid_value"
    INVALID_PARAMETER = "invalid_parameter"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_CONTAINER = "unknown_container"
    CONTAINER_CONFLICT = "container_conflict"
    RATE_LIMITED = "rate_limited"
    TRACKING_FULL = "tracking_full"
    STORE_UNAVAILABLE = "store_unavailable"
    TOO_BUSY = "too_busy"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The HTTP status of a code, and its message where there is nothing closer to say."""

    status: int
    message: str


ERRORS: Mapping[ErrorCode, ErrorKind] = {
    ErrorCode.UNAUTHORIZED: ErrorKind(
        401, "Send Authorization: Bearer and the content of container_api.token_file."
    ),
    ErrorCode.API_DISABLED: ErrorKind(
        404, "The API is off: set container_api.token_file in the exporter's configuration."
    ),
    ErrorCode.NOT_FOUND: ErrorKind(
        404, "There is nothing here; GET /api/v1/openapi.json lists all."
    ),
    ErrorCode.METHOD_NOT_ALLOWED: ErrorKind(405, "Use one of the methods in the Allow header."),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: ErrorKind(415, "Send Content-Type: application/json."),
    ErrorCode.BODY_TOO_LARGE: ErrorKind(
        413, "The body is too long: send fewer containers at once."
    ),
    ErrorCode.MALFORMED_JSON: ErrorKind(400, "The body is not JSON in UTF-8."),
    ErrorCode.DUPLICATE_KEY: ErrorKind(400, "An object has a key twice: remove one."),
    ErrorCode.UNKNOWN_KEY: ErrorKind(400, "An object has a key that does not belong there."),
    ErrorCode.MISSING_KEY: ErrorKind(400, "An object lacks a key."),
    ErrorCode.WRONG_TYPE: ErrorKind(400, "A value has the wrong type."),
    ErrorCode.INVALID_VALUE: ErrorKind(400, "A value is out of bounds."),
    ErrorCode.INVALID_PARAMETER: ErrorKind(400, "A parameter is wrong."),
    ErrorCode.UNKNOWN_ACCOUNT: ErrorKind(404, "No account of that name is configured."),
    ErrorCode.UNKNOWN_CONTAINER: ErrorKind(404, "No container of that id is tracked."),
    ErrorCode.CONTAINER_CONFLICT: ErrorKind(
        409, "The container is registered for another account: a container belongs to one."
    ),
    ErrorCode.RATE_LIMITED: ErrorKind(
        429, "Too many requests for this account: wait as long as Retry-After says."
    ),
    ErrorCode.TRACKING_FULL: ErrorKind(
        507,
        "As many containers are tracked as containers.max_tracked allows: remove some or raise it.",
    ),
    ErrorCode.STORE_UNAVAILABLE: ErrorKind(
        503, "The store is not available, nothing was stored: wait as long as Retry-After says."
    ),
    ErrorCode.TOO_BUSY: ErrorKind(
        503, "Too many requests are in flight: wait as long as Retry-After says."
    ),
    ErrorCode.INTERNAL: ErrorKind(500, "The exporter failed to answer; its log says why."),
}


class RefusedError(Exception):
    """A request that is answered with an error.

    `path` is the place in the body, as a JSONPath. Neither it nor the message holds anything
    that the client sent: a token may stand in any wrong place.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str = "",
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or ERRORS[code].message
        self.path = path
        self.headers = headers or {}
