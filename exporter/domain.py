"""The closed sets and values that all rooms speak of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Poll(StrEnum):
    QUOTA = "quota"
    TOKEN = "token"
    CONTAINER = "container"


PollJob = tuple[Poll, str]
"""A poll, and the name of the account that it is of."""


class PollResult(Enum):
    """How a run of a poll ended, as far as it matters for when it runs next."""

    ANSWERED = auto()
    NOTHING_DUE = auto()
    UNANSWERED = auto()
    """A call was made in vain: Meta was not reached, or gave no answer of use."""
    REFUSED = auto()
    """Meta answered with a refusal, or no call may be made."""

    @property
    def is_success(self) -> bool:
        return self in {PollResult.ANSWERED, PollResult.NOTHING_DUE}


class PausedScope(StrEnum):
    """Whose calls a pause keeps back."""

    ACCOUNT = "account"
    APP = "app"
    INSPECTOR = "inspector"


class Loop(StrEnum):
    """The loops that must go on for what is shown to be true; each has a heartbeat."""

    MAIN = "main"
    POLLS = "polls"
    UPKEEP = "upkeep"
    WEB = "web"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """This process's lease in a store that others share; `renewed_at` is in Unix seconds."""

    epoch: int
    renewed_at: float
    accounts: int


class Endpoint(StrEnum):
    PUBLISHING_LIMIT = "publishing_limit"
    CONTAINER = "container"
    DEBUG_TOKEN = "debug_token"
    ME = "me"


class QuotaKind(StrEnum):
    PUBLISH = "publish"
    REPLY = "reply"
    DELETE = "delete"
    LOCATION_SEARCH = "location_search"


class ContainerStatus(StrEnum):
    """Meta's five, PENDING before the first answer, OTHER for one that Meta added."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"
    OTHER = "OTHER"


class ContainerErrorMessage(StrEnum):
    """Meta's ten documented values, in Meta's spelling, and OTHER.

    Source: https://developers.facebook.com/docs/threads/troubleshooting
    """

    FAILED_DOWNLOADING_VIDEO = "FAILED_DOWNLOADING_VIDEO"
    FAILED_PROCESSING_AUDIO = "FAILED_PROCESSING_AUDIO"
    FAILED_PROCESSING_VIDEO = "FAILED_PROCESSING_VIDEO"
    INVALID_ASPEC_RATIO = "INVALID_ASPEC_RATIO"
    INVALID_BIT_RATE = "INVALID_BIT_RATE"
    INVALID_DURATION = "INVALID_DURATION"
    INVALID_FRAME_RATE = "INVALID_FRAME_RATE"
    INVALID_AUDIO_CHANNELS = "INVALID_AUDIO_CHANNELS"
    INVALID_AUDIO_CHANNEL_LAYOUT = "INVALID_AUDIO_CHANNEL_LAYOUT"
    UNKNOWN = "UNKNOWN"
    OTHER = "OTHER"


class ContainerOutcome(StrEnum):
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"
    GAVE_UP = "gave_up"
    LOST = "lost"
    REMOVED = "removed"


class RegistrationResult(StrEnum):
    """What became of a container that a publisher registered."""

    CREATED = "created"
    KNOWN = "known"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    FULL = "full"
    UNAVAILABLE = "unavailable"


class ConnectionEnd(StrEnum):
    """Why the exporter ended a connection to its own web server."""

    FULL = "full"
    EVICTED = "evicted"
    HANDSHAKE = "handshake"
    REQUEST = "request"
    RESPONSE = "response"


class TokenInvalidReason(StrEnum):
    EXPIRED = "expired"
    REVOKED = "revoked"
    SESSION_INVALIDATED = "session_invalidated"
    MALFORMED = "malformed"
    OTHER = "other"


class FailureReason(StrEnum):
    CONNECT = "connect"
    DNS = "dns"
    TLS = "tls"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    HTTP_ERROR = "http_error"
    MALFORMED = "malformed"
    TOKEN_INVALID = "token_invalid"
    PERMISSION = "permission"
    RATE_LIMITED = "rate_limited"
    RESTRICTED = "restricted"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    TRANSIENT = "transient"
    BUDGET = "budget"
    INTERNAL = "internal"


class UsageResource(StrEnum):
    """What Meta's usage headers count, each as a share of what is allowed."""

    CALL_COUNT = "call_count"
    TOTAL_TIME = "total_time"
    TOTAL_CPUTIME = "total_cputime"


@dataclass(frozen=True, slots=True)
class Quota:
    usage: int
    limit: int | None
    window_seconds: int | None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What Meta says of a container; `error_message` is there only with the status ERROR."""

    status: ContainerStatus
    error_message: ContainerErrorMessage | None = None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Meta says of a token; times are Unix seconds, None where Meta names none."""

    invalid_reason: TokenInvalidReason | None = None
    expires_at: int | None = None
    data_access_expires_at: int | None = None
    issued_at: int | None = None
    scopes: frozenset[str] | None = None

    @property
    def valid(self) -> bool:
        return self.invalid_reason is None


@dataclass(frozen=True, slots=True)
class KnownError:
    """An entry of the error catalogue: what happened, whose turn it is, and what helps."""

    name: str
    category: str
    action: str
    solution: str


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """What the configuration says of an account that is no secret."""

    name: str
    user_id: str
    app: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How asking a source of accounts fares; `last_success_at` is Unix seconds, None if never.

    `accounts` is how many this process polls of those in its last good answer.
    """

    failures: int = 0
    last_success_at: float | None = None
    accounts: int = 0


class StoreTrouble(StrEnum):
    """Why the store cannot be used."""

    FULL = "full"
    LOCKED = "locked"
    READ_ONLY = "read_only"
    GONE = "gone"
    REPLACED = "replaced"
    NEWER = "newer"
    FOREIGN = "foreign"
    CORRUPT = "corrupt"
    UNREACHABLE = "unreachable"
    OTHER = "other"
