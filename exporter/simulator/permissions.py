"""The fields of the publishing limit, and the permissions they need.

https://developers.facebook.com/docs/threads/overview
"""

from dataclasses import dataclass

from exporter.domain import QuotaKind


@dataclass(frozen=True, slots=True)
class QuotaFields:
    kind: QuotaKind
    usage: str
    config: str
    scopes: frozenset[str]


def _fields(kind: QuotaKind, prefix: str, *scopes: str) -> QuotaFields:
    return QuotaFields(
        kind, f"{prefix}quota_usage", f"{prefix}config", frozenset({"threads_basic", *scopes})
    )


QUOTA_FIELDS = (
    _fields(QuotaKind.PUBLISH, "", "threads_content_publish"),
    _fields(QuotaKind.REPLY, "reply_", "threads_content_publish", "threads_manage_replies"),
    _fields(QuotaKind.DELETE, "delete_", "threads_delete"),
    _fields(QuotaKind.LOCATION_SEARCH, "location_search_", "threads_location_tagging"),
)
FIELD_OWNERS = {name: quota for quota in QUOTA_FIELDS for name in (quota.usage, quota.config)}
