"""The API as a part of the web server."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.clock import Clock
from exporter.web.api.accounts import Accounts
from exporter.web.api.answers import answer_error
from exporter.web.api.backend import ApiBackend, ApiOptions
from exporter.web.api.calls import Call, Handler, HandlerOfMany, call_of
from exporter.web.api.codes import ErrorCode, RefusedError
from exporter.web.api.containers import Containers
from exporter.web.api.credentials import CHALLENGE, presented_token
from exporter.web.api.openapi.document import openapi_document
from exporter.web.api.reports import Reports
from exporter.web.workers import Together, Workers

OPENAPI_PATH = "/api/v1/openapi.json"


@dataclass(frozen=True, slots=True)
class OfMany:
    """Marks what answers together the calls that came while it was answering others."""

    handle: HandlerOfMany


Answering = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
Handlers = Mapping[str, Handler | OfMany]
"""The handlers of a path, by method."""


class ApiRoute(BaseRoute):
    """Everything below /api/; a Mount would miss paths with a line feed in them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["path"].startswith("/api/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def create_api(backend: ApiBackend, clock: Clock, options: ApiOptions) -> ApiRoute:
    entrance = _Entrance(backend, options)
    routes = [
        Route(path, entrance.endpoint(handlers), methods=[*handlers])
        for path, handlers in handlers_of(backend, clock).items()
    ]
    routes.append(Route(OPENAPI_PATH, _describing(options)))
    router = Router(routes, redirect_slashes=False)
    on_errors = {HTTPException: answer_error, Exception: answer_error}
    return ApiRoute(ExceptionMiddleware(router, on_errors))


def handlers_of(backend: ApiBackend, clock: Clock) -> Mapping[str, Handlers]:
    """Return what answers each path that needs the token."""
    containers = Containers(backend)
    return {
        "/api/v1/containers": {
            "POST": OfMany(containers.register_each),
            "GET": containers.page,
        },
        "/api/v1/containers/{container_id}": {"GET": containers.show, "DELETE": containers.remove},
        "/api/v1/errors": {"POST": Reports(backend).report},
        "/api/v1/accounts": {"GET": Accounts(backend, clock).page},
    }


def _describing(options: ApiOptions) -> Endpoint:
    document = json.dumps(openapi_document(options), indent=2)

    async def describe(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    return describe


class _Entrance:
    """Lets those in who have the token, a bounded number at once."""

    def __init__(self, backend: ApiBackend, options: ApiOptions) -> None:
        self._backend = backend
        self._max_body = options.max_body
        self._workers = Workers("api", options.max_requests, options.max_requests)

    def endpoint(self, handlers: Handlers) -> Endpoint:
        answering = {method: self._answering(handler) for method, handler in handlers.items()}
        return partial(self._answer, answering)

    def _answering(self, handler: Handler | OfMany) -> Answering:
        if isinstance(handler, OfMany):
            return Together(self._workers, handler.handle).run
        return lambda call: self._workers.run(partial(handler, call))

    async def _answer(self, answering: Mapping[str, Answering], request: Request) -> Response:
        self._admit(request)
        answer = answering["GET" if request.method == "HEAD" else request.method]
        call = await call_of(request, self._max_body)
        with self._backend.going_first():
            return await answer(call)

    def _admit(self, request: Request) -> None:
        if not self._backend.enabled:
            raise RefusedError(ErrorCode.API_DISABLED)
        token = presented_token(request.headers)
        if token is None or not self._backend.authorized(token):
            raise RefusedError(ErrorCode.UNAUTHORIZED, headers=CHALLENGE)
