"""What surrounds every request: its bounds, the headers of its answer, and a net for failures."""

import asyncio
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.config.web_settings import WebSettings
from exporter.web.answers import text
from exporter.web.protocol import WebObserver

URL_BYTES = 8 * 1024
HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024

_WITH_BOUNDS_OF_ITS_OWN = "/api/"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

log = structlog.get_logger()


class SecurityHeaders:
    """Adds to every answer the headers that keep browsers from guessing, framing and storing it.

    Those of the web configuration come last.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], WebSettings]) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.update(self._settings().headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class RequestBounds:
    """Refuses requests that are larger than anyone needs.

    h11 bounds a head that comes in pieces, not one that comes in a single read. A body without
    a length is left unread.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _refusal(scope)
        await (answer or self._app)(scope, receive, send)


def _refusal(scope: Scope) -> Response | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > URL_BYTES:
        return text(f"The URL is longer than {URL_BYTES} bytes.", status=414)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD_BYTES:
        return text(f"The headers are longer than {HEAD_BYTES} bytes.", status=431)
    length = int(Headers(scope=scope).get("content-length", "0"))
    if length > BODY_BYTES and not scope["path"].startswith(_WITH_BOUNDS_OF_ITS_OWN):
        return text(f"The body is longer than {BODY_BYTES} bytes.", status=413)
    return None


class RequestsInFlight:
    """Tells the observer of each request, from its arrival until its answer is taken."""

    def __init__(self, app: ASGIApp, observer: WebObserver) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._observer.request_arrived()
        try:
            await self._app(scope, receive, send)
        finally:
            self._observer.request_answered()


class FailureNet:
    """Answers 500 for a request that failed, and logs why: the answer does not say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # Nothing but the end of the server cancels a request: its connection is gone already.
            log.warning("request cut", path=scope["path"])
        except Exception:
            log.exception("request failed", path=scope["path"])
            failure = text("The exporter failed to answer; its log says why.", status=500)
            await failure(scope, receive, send)
