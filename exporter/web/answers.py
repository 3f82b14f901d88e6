"""Plain-text answers: what went wrong in a sentence, and nothing of what the client sent."""

from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException


def text(*lines: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse("".join(f"{line}\n" for line in lines), status, headers)


class BadRequestError(Exception):
    """What the client asked makes no sense; the message says what does."""


async def bad_request(_request: Request, error: Exception) -> Response:
    return text(str(error), status=400)


async def too_busy(_request: Request, _error: Exception) -> Response:
    return text(
        "As many requests of this kind are in flight as --web.max-requests allows.",
        status=503,
        headers={"retry-after": "1"},
    )


async def http_error(_request: Request, error: Exception) -> Response:
    """Answer what the router refuses: 404 and 405."""
    refusal = cast("HTTPException", error)
    if refusal.status_code != 405:
        return text(f"{refusal.detail}.", status=refusal.status_code)
    methods = (refusal.headers or {}).get("Allow", "").split(", ")
    allowed = ", ".join(sorted(methods))
    return text(f"Use {allowed} here.", status=405, headers={"allow": allowed})
