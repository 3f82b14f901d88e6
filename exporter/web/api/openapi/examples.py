from typing import Final

NEW_CONTAINER: Final = {"account": "acme", "container_id": "17889615691921648"}
_SECOND: Final = {"account": "bakery", "container_id": "17889615691921649"}
BATCH: Final = {"containers": [NEW_CONTAINER, _SECOND]}

CONTAINER: Final = {
    **NEW_CONTAINER,
    "status": "IN_PROGRESS",
    "error_message": None,
    "outcome": None,
    "registered_at": "2026-11-03T09:30:00.125Z",
    "asked_at": "2026-11-03T09:31:00.250Z",
    "ended_at": None,
}
_FAILED: Final = {
    **CONTAINER,
    **_SECOND,
    "status": "ERROR",
    "error_message": "FAILED_PROCESSING_VIDEO",
    "outcome": "ERROR",
    "ended_at": "2026-11-03T09:31:00.250Z",
}
_NEW: Final = {**CONTAINER, "status": "PENDING", "asked_at": None, "created": True}
REGISTRATIONS: Final = {"containers": [_NEW, {**_FAILED, "created": False}]}
CONTAINERS: Final = {
    "containers": [CONTAINER, _FAILED],
    "next_cursor": "3137383839363135363931393231363439",
}

_MESSAGE: Final = "Error validating access token: The session has been invalidated"
ERROR_MESSAGE: Final = {"account": "acme", "error": _MESSAGE}
ERROR_BODY: Final = {
    "account": "acme",
    "error": {"error": {"message": _MESSAGE, "type": "OAuthException", "code": 190}},
}
KNOWN_ERROR: Final = {
    "error": "session_has_been_invalidated",
    "category": "authentication",
    "action": "refresh-token",
    "solution": "Let the account's owner log in again, and put the new access token in place.",
}

ACCOUNTS: Final = {
    "accounts": [
        {
            "name": "acme",
            "user_id": "17841400000000000",
            "needs": ["token_expires"],
            "token": {
                "state": "expires_soon",
                "invalid_reason": None,
                "expires_at": "2026-11-06T12:00:00.000Z",
                "data_access_expires_at": "2027-01-15T00:00:00.000Z",
                "issued_at": "2026-09-07T12:00:00.000Z",
            },
            "quotas": {"publish": {"usage": 12, "limit": 250, "window_seconds": 86400}},
            "refused_quotas": {"delete": "permission"},
            "containers": {
                "PENDING": 0,
                "IN_PROGRESS": 1,
                "FINISHED": 0,
                "PUBLISHED": 3,
                "ERROR": 0,
                "EXPIRED": 0,
                "OTHER": 0,
            },
            "polls": {
                "quota": {
                    "succeeded": True,
                    "last_success_at": "2026-11-03T09:31:00.250Z",
                    "last_failure": "timeout",
                },
                "token": {
                    "succeeded": True,
                    "last_success_at": "2026-11-03T09:00:00.000Z",
                    "last_failure": None,
                },
                "container": {"succeeded": None, "last_success_at": None, "last_failure": None},
            },
            "paused_until": None,
        }
    ],
    "next_cursor": None,
}
