"""What Meta answers here to each of the exporter's questions."""

QUOTAS = {
    "data": [
        {
            f"{prefix}{name}": value
            for prefix in ("", "reply_", "delete_", "location_search_")
            for name, value in {
                "quota_usage": 3,
                "config": {"quota_total": 250, "quota_duration": 86400},
            }.items()
        }
    ]
}
TOKEN = {
    "data": {
        "type": "USER",
        "application": "benchmark",
        "is_valid": True,
        "issued_at": 1_780_000_000,
        "expires_at": 4_000_000_000,
        "data_access_expires_at": 4_000_000_000,
        "scopes": [
            "threads_basic",
            "threads_content_publish",
            "threads_delete",
            "threads_location_tagging",
            "threads_manage_replies",
        ],
    }
}
CONTAINER = {"id": "1", "status": "IN_PROGRESS"}
ANSWERS = {"threads_publishing_limit": QUOTAS, "debug_token": TOKEN}
"""What Meta answers, by what the path ends with; to anything else, CONTAINER."""
