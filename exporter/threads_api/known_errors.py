"""The table of known errors.

Where two entries match equally well the first has it, so the more exact one stands first.

Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling (codes, token
subcodes), https://developers.facebook.com/docs/graph-api/overview/rate-limiting (80000 to 80014),
https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
(the publishing subcodes), https://developers.facebook.com/docs/threads/troubleshooting and /posts
(media), https://getlate.dev/threads/errors (the seven texts that publishers match), and answers
seen in public issue trackers.
"""

from exporter.domain import FailureReason, KnownError, TokenInvalidReason
from exporter.threads_api.entry import Action, Category, Entry, RateLimitScope
from exporter.threads_api.matching import (
    Anything,
    Code,
    CodeRange,
    HttpStatus,
    LastingCode,
    Matcher,
    Message,
    Subcode,
    TransientFlag,
)


def _worded(code: int, *patterns: str) -> tuple[Matcher, ...]:
    return tuple(Message(pattern, refines=code) for pattern in patterns)


def _named(code: str) -> tuple[Matcher, ...]:
    """Match a code in words, wherever Meta puts it: as the code or within the message."""
    return Code(code), *_worded(100, code)


_AUTHENTICATION = (
    Entry(
        KnownError(
            "revoked_access_token",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner authorise the app again and put the new token in place; ask "
            "whether the app was removed from the account on purpose.",
        ),
        meaning="The token was revoked: the owner removed the app from the account, Meta "
        "withdrew the token for safety, or an API call did.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.REVOKED,
        matches=(Code(190, 458), Code(190, 466), *_worded(190, "revoked_access_token")),
    ),
    Entry(
        KnownError(
            "session_has_been_invalidated",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner log in, finish any security check, authorise the app again, "
            "and put the new token in place.",
        ),
        meaning="The session behind the token ended, mostly because the password was changed or "
        "a security check closed it.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.SESSION_INVALIDATED,
        matches=(Code(190, 460), Code(190, 492), *_worded(190, "session has been invalidated")),
    ),
    Entry(
        KnownError(
            "expired_access_token",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner authorise the app again: an expired token cannot be "
            "refreshed. Then refresh each long-lived token well before its 60 days are over.",
        ),
        meaning="The token reached its expiry: an hour for a short-lived token, 60 days for a "
        "long-lived one.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.EXPIRED,
        matches=(Code(190, 463), *_worded(190, "session has expired")),
    ),
    Entry(
        KnownError(
            "data_access_expired",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner log in through the app again, which renews its 90 days of "
            "access, and put the new token in place.",
        ),
        meaning="The owner's permission lapsed after 90 days in which the app was not used, "
        "although the token itself may not have expired.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.EXPIRED,
        matches=(Code(190, 493), *_worded(190, "engaged the app in longer than 90 days")),
    ),
    Entry(
        KnownError(
            "account_needs_confirmation",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner log in to Threads or Instagram and do what is asked there; "
            "authorise the app again if the token still fails.",
        ),
        meaning="Meta stopped the account at a checkpoint, or waits for it to be confirmed.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.OTHER,
        matches=(Code(190, 459), Code(190, 464)),
    ),
    Entry(
        KnownError(
            "malformed_access_token",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Check that the configured token is complete, on one line, and a Threads token of "
            "this app; a very old token is answered like this too: then authorise anew.",
        ),
        meaning="Meta cannot read the token: it is cut short, of another app or API, or long dead.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.MALFORMED,
        matches=_worded(190, "failed to decode", "cannot parse access token"),
    ),
    Entry(
        KnownError(
            "token_is_invalid",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Let the account's owner authorise the app again and put the new token in place; "
            "debug_token tells why the old one died, if it can be asked.",
        ),
        meaning="Meta refuses the token and does not say more exactly why.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.OTHER,
        matches=(
            Code(190),
            Code(190, 467),
            Code(102),
            *_worded(190, "token is invalid", "error validating access token"),
        ),
    ),
    Entry(
        KnownError(
            "authorization_code_unusable",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Start the login again: an authorisation code works once, for an hour, and with the "
            "same redirect URI.",
        ),
        meaning="The code from the login page cannot be exchanged for a token.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Message("matching code was not found"),),
    ),
    Entry(
        KnownError(
            "wrong_app_credentials",
            Category.AUTHENTICATION,
            Action.USER_ERROR,
            "Use the Threads app ID and secret of the app's Threads use case, which differ from "
            "the app's general ones, and a redirect URI that is registered there.",
        ),
        meaning="The login page does not accept the app's ID, secret or redirect URI.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Code(4476002), Code(1349026), Code(1349245)),
    ),
    Entry(
        KnownError(
            "http_unauthorized",
            Category.AUTHENTICATION,
            Action.REFRESH,
            "Check the token with debug_token and authorise the app again if it is dead; if it "
            "is well, look for a proxy that answers in Meta's place.",
        ),
        meaning="The call was refused as unauthorised, with nothing said that is known.",
        reason=FailureReason.TOKEN_INVALID,
        token_reason=TokenInvalidReason.OTHER,
        matches=(HttpStatus(401),),
    ),
)

_MEDIA = (
    Entry(
        KnownError(
            "media_processing",
            Category.MEDIA,
            Action.RETRY,
            "Ask for the container's status once a minute and publish when it is FINISHED; long "
            "videos take minutes.",
        ),
        meaning="Threads has not finished with the uploaded media yet; nothing is wrong.",
        reason=FailureReason.TRANSIENT,
        matches=(Subcode(2207027), *_worded(100, "media processing")),
    ),
    Entry(
        KnownError(
            "media_not_fetchable",
            Category.MEDIA,
            Action.USER_ERROR,
            "Give a direct, public https URL of the file: no redirect, no login, and open to "
            "Meta's crawler in robots.txt.",
        ),
        meaning="Meta could not download the media from the URL that the post names.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Subcode(2207052), *_worded(100, "failed_downloading_video")),
    ),
    Entry(
        KnownError(
            "media_download_timeout",
            Category.MEDIA,
            Action.RETRY,
            "Create the container again; if it happens often, serve the media faster or smaller.",
        ),
        meaning="The download of the media from its host took Meta too long.",
        reason=FailureReason.TRANSIENT,
        matches=(Subcode(2207003),),
    ),
    Entry(
        KnownError(
            "media_upload_failed",
            Category.MEDIA,
            Action.RETRY,
            "Create a new container for the same media and publish that one.",
        ),
        meaning="Something went wrong at Meta while the container was made or its media taken in.",
        reason=FailureReason.TRANSIENT,
        matches=(Subcode(2207001), Subcode(2207032), Subcode(2207053)),
    ),
    Entry(
        KnownError(
            "media_processing_failed",
            Category.MEDIA,
            Action.RETRY,
            "Create a new container once, which often works minutes later; if it fails again, "
            "re-encode the video as MP4 with H.264 and AAC.",
        ),
        meaning="Meta took the media in, but could not process its picture or sound.",
        reason=FailureReason.HTTP_ERROR,
        matches=_worded(100, "failed_processing_video", "failed_processing_audio"),
    ),
    Entry(
        KnownError(
            "media_expired",
            Category.MEDIA,
            Action.RETRY,
            "Create a new container and publish it within 24 hours.",
        ),
        meaning="The container, or the media in it, was not published in time and is gone.",
        reason=FailureReason.NOT_FOUND,
        matches=(Subcode(2207008), Subcode(2207020)),
    ),
    Entry(
        KnownError(
            "media_not_found",
            Category.MEDIA,
            Action.USER_ERROR,
            "Check that the ID is the one that creating the container answered, and that the same "
            "account's token is used.",
        ),
        meaning="Meta knows no media under this ID.",
        reason=FailureReason.NOT_FOUND,
        matches=(Subcode(2207006),),
    ),
    Entry(
        KnownError(
            "image_too_large",
            Category.MEDIA,
            Action.USER_ERROR,
            "Shrink the image below 8 MB.",
        ),
        meaning="The image is larger than Meta downloads.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Code(36000), Subcode(2207004)),
    ),
)

_VIDEO = (
    Entry(
        KnownError(
            "video_format",
            Category.VIDEO,
            Action.USER_ERROR,
            "Convert the video to MP4 with H.264 picture and AAC sound, with ffmpeg for one, and "
            "create a new container.",
        ),
        meaning="Threads does not take the video's file format.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Subcode(2207026), *_worded(100, "video format")),
    ),
    Entry(
        KnownError(
            "video_codec",
            Category.VIDEO,
            Action.USER_ERROR,
            "Re-encode the picture as H.264 and the sound as AAC, and create a new container; "
            "newer codecs are the usual cause.",
        ),
        meaning="Threads does not take the codec of the video's picture or sound.",
        reason=FailureReason.HTTP_ERROR,
        matches=_worded(100, "video codec"),
    ),
    Entry(
        KnownError(
            "duration_exceed",
            Category.VIDEO,
            Action.USER_ERROR,
            "Cut the video to 5 minutes at most, or publish it as several posts.",
        ),
        meaning="The video is longer than the 5 minutes that Threads allows.",
        reason=FailureReason.HTTP_ERROR,
        matches=_worded(100, "duration exceed", "invalid_duration"),
    ),
    Entry(
        KnownError(
            "video_out_of_bounds",
            Category.VIDEO,
            Action.USER_ERROR,
            "Re-encode the video within Meta's bounds: 23 to 60 frames a second, at most 1920 "
            "pixels wide, mono or stereo sound of 48 kHz at most, and a moderate bit rate.",
        ),
        meaning="The video's frame rate, bit rate, aspect ratio or sound channels are out of "
        "bounds.",
        reason=FailureReason.HTTP_ERROR,
        matches=_worded(
            100,
            "invalid_aspec_ratio",
            "invalid_bit_rate",
            "invalid_frame_rate",
            "invalid_audio_channel",
        ),
    ),
)

_RATE_LIMIT = (
    Entry(
        KnownError(
            "app_rate_limit",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Let all accounts of the app rest, then poll less often; see what else calls with "
            "this app.",
        ),
        meaning="The Meta app has used up its calls, for all of its accounts together.",
        reason=FailureReason.RATE_LIMITED,
        scope=RateLimitScope.APP,
        matches=(Code(4), Code(341), Message("application request limit reached")),
    ),
    Entry(
        KnownError(
            "user_rate_limit",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Let the account rest, then poll it less often; see what else calls with its token.",
        ),
        meaning="The account has used up its calls.",
        reason=FailureReason.RATE_LIMITED,
        scope=RateLimitScope.ACCOUNT,
        matches=(Code(17), Code(32), Message("user request limit reached")),
    ),
    Entry(
        KnownError(
            "custom_rate_limit",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Let the account rest, and call this endpoint less often.",
        ),
        meaning="This endpoint has a limit of its own, and it is used up.",
        reason=FailureReason.RATE_LIMITED,
        scope=RateLimitScope.ACCOUNT,
        matches=(Code(613), Message("calls to this api have exceeded the rate limit")),
    ),
    Entry(
        KnownError(
            "business_use_case_rate_limit",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Let the account rest for as long as Meta's usage header says, then poll less often.",
        ),
        meaning="The calls that Meta allows for this use of this account are used up.",
        reason=FailureReason.RATE_LIMITED,
        scope=RateLimitScope.ACCOUNT,
        matches=(CodeRange(80000, 80014),),
    ),
    Entry(
        KnownError(
            "publishing_quota_reached",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Publish again when the oldest posts have left the moving 24 hours; compare "
            "threads_quota_usage with threads_quota_limit.",
        ),
        meaning="The account has published as much as Threads allows in 24 hours. Reading goes on.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Subcode(2207042),),
    ),
    Entry(
        KnownError(
            "http_too_many_requests",
            Category.RATE_LIMIT,
            Action.WAIT,
            "Let the account rest, then poll less often; see what else calls from this address.",
        ),
        meaning="Too many calls, says the HTTP status, and nothing says whose limit it was.",
        reason=FailureReason.RATE_LIMITED,
        scope=RateLimitScope.ACCOUNT,
        matches=(HttpStatus(429),),
    ),
)

_PERMISSION = (
    Entry(
        KnownError(
            "permission_denied",
            Category.PERMISSION,
            Action.GRANT_PERMISSION,
            "Have the app request the missing permission, pass Meta's review where it is needed, "
            "and let the account's owner authorise again; threads_token_scope shows what is "
            "granted.",
        ),
        meaning="The app or the token lacks a permission that this call needs.",
        reason=FailureReason.PERMISSION,
        matches=(
            Code(3),
            Code(10),
            CodeRange(200, 299),
            Message("does not have permission for this action"),
        ),
    ),
    Entry(
        KnownError(
            "feature_not_available",
            Category.PERMISSION,
            Action.CONTACT_SUPPORT,
            "Do without the feature, link the profile to an Instagram account, or ask Meta to "
            "open the feature to it.",
        ),
        meaning="Meta has not opened this feature to the account.",
        reason=FailureReason.PERMISSION,
        matches=_named("THREADS_API__FEATURE_NOT_AVAILABLE"),
    ),
    Entry(
        KnownError(
            "http_forbidden",
            Category.PERMISSION,
            Action.GRANT_PERMISSION,
            "Check the app's permissions; if they are complete, look for a proxy or firewall "
            "that answers in Meta's place.",
        ),
        meaning="The call was refused as forbidden, with nothing said that is known.",
        reason=FailureReason.PERMISSION,
        matches=(HttpStatus(403),),
    ),
)

_ACCOUNT = (
    Entry(
        KnownError(
            "account_restricted",
            Category.ACCOUNT,
            Action.CONTACT_SUPPORT,
            "Stop publishing with the account; let its owner open Threads or Instagram, read the "
            "notice there, and appeal if it is wrong.",
        ),
        meaning="Meta restricts the account for what it takes for spam or a breach of its rules. "
        "This is no rate limit: waiting for a window does not lift it.",
        reason=FailureReason.RESTRICTED,
        matches=(
            Code(368),
            Code(4279013),
            Subcode(4279013),
            Subcode(2207050),
            Subcode(2207051),
            *_worded(4, "we restrict certain activity"),
        ),
    ),
)

_REQUEST = (
    Entry(
        KnownError(
            "object_not_there_yet",
            Category.REQUEST,
            Action.RETRY,
            "Wait some seconds after the container was made and ask again; if its ID is minutes "
            "old, check it, the account and its token.",
        ),
        meaning="Meta does not know the ID. A container just made is not known everywhere at "
        "once; a dead token has been answered like this too.",
        reason=FailureReason.NOT_FOUND,
        matches=(
            Code(24),
            Code(100, 24),
            Subcode(4279009),
            *_worded(100, "requested resource does not exist"),
        ),
    ),
    Entry(
        KnownError(
            "object_not_found",
            Category.REQUEST,
            Action.USER_ERROR,
            "Check the ID, and that the token is of the account that it belongs to.",
        ),
        meaning="The object does not exist, or belongs to an account that this token may not read.",
        reason=FailureReason.NOT_FOUND,
        matches=(Code(100, 33), *_worded(100, "cannot be loaded due to missing permissions")),
    ),
    Entry(
        KnownError(
            "unsupported_field",
            Category.REQUEST,
            Action.USER_ERROR,
            "Check what kind of object the ID names: a published post has no status, only its "
            "container has.",
        ),
        meaning="The object has no field of this name.",
        reason=FailureReason.UNSUPPORTED,
        matches=_worded(100, "nonexisting field"),
    ),
    Entry(
        KnownError(
            "unsupported_request",
            Category.REQUEST,
            Action.USER_ERROR,
            "Check the ID and the path against Meta's reference; mostly the ID names another "
            "kind of object.",
        ),
        meaning="This kind of object does not take this call.",
        reason=FailureReason.UNSUPPORTED,
        matches=_worded(100, "unsupported request - method type"),
    ),
    Entry(
        KnownError(
            "text_too_long",
            Category.REQUEST,
            Action.USER_ERROR,
            "Shorten the text to 500 characters, where an emoji counts as its UTF-8 bytes.",
        ),
        meaning="The post's text is over the 500 characters that Threads allows.",
        reason=FailureReason.HTTP_ERROR,
        matches=_worded(100, "must be at most 500 characters"),
    ),
    Entry(
        KnownError(
            "link_limit_exceeded",
            Category.REQUEST,
            Action.USER_ERROR,
            "Take links out of the post: five different ones are the most.",
        ),
        meaning="The post holds more links than Threads allows.",
        reason=FailureReason.HTTP_ERROR,
        matches=_named("THREADS_API__LINK_LIMIT_EXCEEDED"),
    ),
    Entry(
        KnownError(
            "invalid_country_codes",
            Category.REQUEST,
            Action.USER_ERROR,
            "Name the countries of a geo-gated post by their two-letter ISO 3166-1 codes.",
        ),
        meaning="The list of countries that may see the post holds one that Meta does not know.",
        reason=FailureReason.HTTP_ERROR,
        matches=_named("THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES"),
    ),
    Entry(
        KnownError(
            "duplicate_post",
            Category.REQUEST,
            Action.USER_ERROR,
            "Do not send the same post twice in a row: change it, or see whether the first try "
            "was published after all.",
        ),
        meaning="The same content was posted just before.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Code(506),),
    ),
    Entry(
        KnownError(
            "bad_parameter",
            Category.REQUEST,
            Action.USER_ERROR,
            "Compare what was sent with Meta's reference; if a poll of the exporter met this, "
            "check the account's user_id, then report it.",
        ),
        meaning="A parameter is missing, malformed or out of bounds.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Code(100),),
    ),
    Entry(
        KnownError(
            "unknown_path",
            Category.REQUEST,
            Action.USER_ERROR,
            "Check the address and its version; for the exporter's own polls, api.base_url and "
            "the account's user_id.",
        ),
        meaning="Meta does not know the path that was called.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Code(2500),),
    ),
)

_PLATFORM = (
    Entry(
        KnownError(
            "lasting_service_error",
            Category.PLATFORM,
            Action.CONTACT_SUPPORT,
            "Do not repeat the call as it is; look the subcode up in Meta's reference, or ask Meta "
            "with its trace ID.",
        ),
        meaning="Meta failed, and says that the same call will fail again.",
        reason=FailureReason.HTTP_ERROR,
        matches=(LastingCode(1), LastingCode(2)),
    ),
    Entry(
        KnownError(
            "service_error",
            Category.PLATFORM,
            Action.RETRY,
            "Try again shortly; if it lasts, see https://metastatus.com.",
        ),
        meaning="Meta failed for a while: the service is down, overloaded, or does not know why.",
        reason=FailureReason.TRANSIENT,
        matches=(Code(1), Code(2), TransientFlag()),
    ),
    Entry(
        KnownError(
            "http_server_error",
            Category.PLATFORM,
            Action.RETRY,
            "Try again shortly; if it lasts, see https://metastatus.com and the proxy between.",
        ),
        meaning="A server failed, Meta's or a proxy's, with nothing said that is known.",
        reason=FailureReason.TRANSIENT,
        matches=(HttpStatus(500, 599),),
    ),
    Entry(
        KnownError(
            "http_not_found",
            Category.PLATFORM,
            Action.USER_ERROR,
            "Check api.base_url and the proxy: Graph itself explains what it does not find.",
        ),
        meaning="Nothing is at this address; it was hardly the Threads API that answered.",
        reason=FailureReason.HTTP_ERROR,
        matches=(HttpStatus(404),),
    ),
    Entry(
        KnownError(
            "unknown_error",
            Category.PLATFORM,
            Action.REPORT_BUG,
            "Look the code up in Meta's reference, and report it to this exporter's project with "
            "code and subcode, never with a token.",
        ),
        meaning="An error that the catalogue does not hold.",
        reason=FailureReason.HTTP_ERROR,
        matches=(Anything(),),
    ),
)

ENTRIES: tuple[Entry, ...] = (
    *_AUTHENTICATION,
    *_MEDIA,
    *_VIDEO,
    *_RATE_LIMIT,
    *_PERMISSION,
    *_ACCOUNT,
    *_REQUEST,
    *_PLATFORM,
)
