"""JSON answers, those to errors among them."""

from math import ceil
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from exporter.web.api.backend import (
    ContainerConflictError,
    RateLimitedError,
    StoreUnavailableError,
    TrackingFullError,
)
from exporter.web.api.codes import ERRORS, ErrorCode, RefusedError
from exporter.web.backend import UnknownAccountError
from exporter.web.workers import TooBusyError

log = structlog.get_logger()

_CODES: Final = {
    UnknownAccountError: ErrorCode.UNKNOWN_ACCOUNT,
    ContainerConflictError: ErrorCode.CONTAINER_CONFLICT,
    TrackingFullError: ErrorCode.TRACKING_FULL,
}


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer whatever a request failed with."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    refusal = refusal_of(error)
    if refusal.code is ErrorCode.INTERNAL:
        log.error("request failed", path=request.scope["path"], exc_info=error)
    return refused(refusal)


def refused(refusal: RefusedError) -> Response:
    details = {"code": refusal.code, "message": refusal.message}
    if refusal.path is not None:
        details["path"] = refusal.path
    status = ERRORS[refusal.code].status
    return JSONResponse({"error": details}, status, dict(refusal.headers))


def refusal_of(error: Exception, path: str | None = None) -> RefusedError:
    """Return how an error is answered; `path` is the place in the body that led to it."""
    match error:
        case RefusedError():
            return error
        case RateLimitedError():
            return _later(ErrorCode.RATE_LIMITED, error.retry_after)
        case StoreUnavailableError():
            return _later(ErrorCode.STORE_UNAVAILABLE, error.retry_after)
        case TooBusyError():
            return _later(ErrorCode.TOO_BUSY, 1)
        case HTTPException():
            return _unrouted(error)
        case _:
            return RefusedError(_CODES.get(type(error), ErrorCode.INTERNAL), path=path)


def _later(code: ErrorCode, seconds: float) -> RefusedError:
    return RefusedError(code, headers={"retry-after": str(max(1, ceil(seconds)))})


def _unrouted(error: HTTPException) -> RefusedError:
    allowed = (error.headers or {}).get("Allow")
    if allowed is None:
        return RefusedError(ErrorCode.NOT_FOUND)
    methods = ", ".join(sorted(allowed.split(", ")))
    return RefusedError(ErrorCode.METHOD_NOT_ALLOWED, headers={"allow": methods})
