NEEDED_SCOPES = frozenset(
    {
        "threads_basic",
        "threads_content_publish",
        "threads_delete",
        "threads_location_tagging",
        "threads_manage_replies",
    }
)
"""The permissions that Meta asks for the four quotas.

Source: https://developers.facebook.com/docs/threads/overview
"""

KNOWN_SCOPES = NEEDED_SCOPES | {
    "threads_keyword_search",
    "threads_manage_insights",
    "threads_manage_mentions",
    "threads_profile_discovery",
    "threads_read_replies",
    "threads_share_to_instagram",
}
"""Every permission of the Threads use case; a granted scope beyond these gets no series.

Source: https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions
"""
