from dataclasses import dataclass
from enum import StrEnum

from exporter.domain import FailureReason, KnownError, TokenInvalidReason
from exporter.threads_api.matching import FailedCall, Matcher, Precision


class Category(StrEnum):
    """What an error is about."""

    AUTHENTICATION = "authentication"
    MEDIA = "media"
    VIDEO = "video"
    RATE_LIMIT = "rate_limit"
    PERMISSION = "permission"
    ACCOUNT = "account"
    REQUEST = "request"
    PLATFORM = "platform"


class Action(StrEnum):
    """Whose turn it is, and to do what."""

    REFRESH = "refresh-token"
    RETRY = "retry"
    WAIT = "wait"
    USER_ERROR = "user-error"
    GRANT_PERMISSION = "grant-permission"
    CONTACT_SUPPORT = "contact-support"
    REPORT_BUG = "report-bug"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Action.REFRESH: "The account's owner connects it anew, and a new access token is put in place.",
    Action.RETRY: "It passes: the same step works a little later.",
    Action.WAIT: "No more calls until the limit's window has moved on.",
    Action.USER_ERROR: "What was sent must be changed: the post, its media, or the configuration.",
    Action.GRANT_PERMISSION: "The app or its token needs a permission that it lacks.",
    Action.CONTACT_SUPPORT: "Only Meta can lift it: ask its support, or appeal in the app.",
    Action.REPORT_BUG: "Nobody knows this one yet: report it, so that the catalogue learns it.",
}


class RateLimitScope(StrEnum):
    """Whose calls a rate limit holds back: those of the Meta app, or of one account."""

    APP = "app"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Entry:
    """A known error, how it is recognised, and what it means for the poll that met it.

    `token_reason` is set exactly where the reason is TOKEN_INVALID, `scope` exactly where it is
    RATE_LIMITED.
    """

    known: KnownError
    meaning: str
    reason: FailureReason
    matches: tuple[Matcher, ...]
    token_reason: TokenInvalidReason | None = None
    scope: RateLimitScope | None = None

    def precision(self, call: FailedCall) -> Precision:
        return max(matcher.precision(call) for matcher in self.matches)
