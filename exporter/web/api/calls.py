"""One request, from its headers to what its handler gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from exporter.web.api.codes import ErrorCode, RefusedError


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler needs of a request."""

    path: Mapping[str, str]
    query: QueryParams
    body: bytes


Handler = Callable[[Call], Response]
"""Answers a call, in a worker thread."""

HandlerOfMany = Callable[[Sequence[Call]], Sequence[Response | Exception]]
"""Answers calls that came at the same time, in a worker thread."""


async def call_of(request: Request, max_body: int) -> Call:
    """Read a request; raises RefusedError, ClientDisconnect."""
    body = await _json_body(request, max_body) if request.method == "POST" else b""
    return Call(request.path_params, request.query_params, body)


async def _json_body(request: Request, most: int) -> bytes:
    """Return the body; only JSON is read, since no HTML form of another site can send it."""
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise RefusedError(ErrorCode.UNSUPPORTED_MEDIA_TYPE)
    if int(request.headers.get("content-length", "0")) > most:
        raise RefusedError(ErrorCode.BODY_TOO_LARGE)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise RefusedError(ErrorCode.BODY_TOO_LARGE)
    return bytes(body)
