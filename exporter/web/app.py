from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from exporter.web.answers import BadRequestError, bad_request, http_error, too_busy
from exporter.web.backend import Backend, WebOptions
from exporter.web.guard import Guard
from exporter.web.landing.endpoint import Landing
from exporter.web.lifecycle import Lifecycle
from exporter.web.protection import FailureNet, RequestBounds, SecurityHeaders
from exporter.web.scraping import Scraping
from exporter.web.workers import TooBusyError


def create_app(backend: Backend, options: WebOptions, api: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the HTTP interface; a telemetry path of / takes the landing page's place."""
    app = Starlette(
        routes=[*api, *_routes(backend, options)],
        middleware=[
            Middleware(SecurityHeaders, options.settings),
            Middleware(FailureNet),
            Middleware(RequestBounds),
            Middleware(Guard, options.settings, options.is_api_token, options.clock),
        ],
        exception_handlers={
            BadRequestError: bad_request,
            TooBusyError: too_busy,
            HTTPException: http_error,
        },
    )
    # A redirect would be made of the Host header, which is the client's word.
    app.router.redirect_slashes = False
    return app


def _routes(backend: Backend, options: WebOptions) -> list[Route]:
    scraping = Scraping(backend, options.max_requests)
    lifecycle = Lifecycle(backend, enabled=options.lifecycle_enabled)
    return [
        Route(options.telemetry_path, scraping.metrics),
        Route("/", Landing(backend, options).page),
        Route("/probe", scraping.probe),
        Route("/config", lifecycle.configuration),
        Route("/-/healthy", lifecycle.healthy),
        Route("/-/ready", lifecycle.ready),
        Route("/-/reload", lifecycle.reload, methods=["POST"]),
    ]
