"""Meta's errors as it words them, and the envelope they come in.

Texts and codes that were seen on Threads or on the Graph API; the handbook of their meaning is
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import itertools
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from exporter.simulator.messages import JSON, Answer, Request

_TRACES = itertools.count(1)
_TOKEN_CODES = frozenset({102, 104, 190})


@dataclass(frozen=True, slots=True)
class GraphError:
    """A Graph API error; as a fault it takes the place of whatever would be answered.

    `is_transient=None` and `type=""` leave the key out, as some of Meta's answers do.
    """

    code: int | str
    message: str
    subcode: int | None = None
    type: str = "OAuthException"
    http_status: int = 400
    is_transient: bool | None = False
    user_title: str | None = None
    user_message: str | None = None

    def envelope(self) -> dict[str, dict[str, object]]:
        content = {
            "message": self.message,
            "type": self.type or None,
            "code": self.code,
            "error_subcode": self.subcode,
            "is_transient": self.is_transient,
            "error_user_title": self.user_title,
            "error_user_msg": self.user_message,
            "fbtrace_id": f"A{next(_TRACES):021d}x",
        }
        return {"error": {key: value for key, value in content.items() if value is not None}}

    def answer(self) -> Answer:
        body = json.dumps(self.envelope()).encode()
        return Answer(self.http_status, body, JSON, (("WWW-Authenticate", self._challenge()),))

    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        error = self.answer()
        return replace(error, headers=(*answer.headers, *error.headers), delivery=answer.delivery)

    def _challenge(self) -> str:
        reason = "invalid_token" if self.code in _TOKEN_CODES else "invalid_request"
        message = " ".join(self.message.split())
        return f'OAuth "Facebook Platform" "{reason}" "{message}"'


class RefusedError(Exception):
    """The simulated API refuses with a Graph error."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(error.message)
        self.error = error


def threads_error(code: int | str, message: str, subcode: int | None = None) -> GraphError:
    """Return an error of the type that the Threads API itself raises."""
    return GraphError(code, message, subcode, type="THApiException")


REVOKED = GraphError(
    190, "Error validating access token: The user has not authorized application 4242.", 458
)
SESSION_INVALIDATED = GraphError(
    190,
    "Error validating access token: The session has been invalidated because the user changed "
    "their password or Facebook has changed the session for security reasons.",
    460,
)
CHECKPOINTED = GraphError(
    190,
    "Error validating access token: The user is enrolled in a blocking, logged-in checkpoint",
    459,
)
MALFORMED = GraphError(190, "Failed to decode")
CANNOT_PARSE = GraphError(190, "Invalid OAuth access token - Cannot parse access token")
TOKEN_MISSING = GraphError(104, "An access token is required to request this resource.")

APP_LIMIT = GraphError(
    4, "(#4) Application request limit reached", http_status=403, is_transient=True
)
USER_LIMIT = GraphError(17, "(#17) User request limit reached")
APP_USER_LIMIT = GraphError(341, "(#341) Application limit reached")
CUSTOM_LIMIT = GraphError(613, "(#613) Calls to this api have exceeded the rate limit.")
BUSINESS_LIMIT = GraphError(
    80002, "(#80002) There have been too many calls to this account. Wait a bit and try again."
)
RESTRICTED_ACTIVITY = GraphError(
    4, "Application request limit reached", 2207051, user_message="We restrict certain activity."
)
USER_RESTRICTED = threads_error(24, "The user is restricted", 4279013)
BLOCKED = GraphError(
    368, "The action attempted has been deemed abusive or is otherwise disallowed", 1390008
)

UNKNOWN_ERROR = GraphError(1, "An unknown error occurred", http_status=500, is_transient=None)
SERVICE_UNAVAILABLE = GraphError(
    2, "Service temporarily unavailable", http_status=503, is_transient=True
)
NO_PERMISSION = GraphError(
    10, "(#10) Application does not have permission for this action", http_status=403
)
SCOPE_MISSING = GraphError(200, "(#200) Permissions error", http_status=403)
NOT_PROPAGATED = threads_error(24, "The requested resource does not exist", 4279009)
LINK_LIMIT = threads_error(
    "THREADS_API__LINK_LIMIT_EXCEEDED", "Posts may contain at most 5 unique links."
)
UNKNOWN_PATH = GraphError(2500, "Unknown path components: /")
NOT_A_TESTER = GraphError(
    100, "You must provide an access token of a tester of the same app as the input token"
)
# Instagram's; nobody has documented what Threads answers to a post beyond the quota.
QUOTA_EXHAUSTED = GraphError(9, "Application request limit reached", 2207042)


def expired(expires_at: float) -> GraphError:
    moment = datetime.fromtimestamp(expires_at, UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")
    return GraphError(
        190, f"Error validating access token: Session has expired on {moment}.", subcode=463
    )


def missing_object(object_id: str) -> GraphError:
    return threads_error(
        100,
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation",
        33,
    )


def nonexisting_field(name: str) -> GraphError:
    return threads_error(100, f"Tried accessing nonexisting field ({name})")
