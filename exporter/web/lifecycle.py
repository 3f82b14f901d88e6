from starlette.requests import Request
from starlette.responses import Response

from exporter.web.answers import text
from exporter.web.backend import Backend
from exporter.web.workers import Workers


class Lifecycle:
    """The endpoints of those who run the exporter.

    Health and readiness are answered in the event loop: no scrape or probe can hold them up.
    """

    def __init__(self, backend: Backend, *, enabled: bool) -> None:
        self._backend = backend
        self._enabled = enabled
        self._workers = Workers("lifecycle", threads=2)

    async def healthy(self, _request: Request) -> Response:
        reasons = self._backend.unhealthy()
        if reasons:
            return text(*reasons, status=503)
        return text("threads-exporter is healthy.")

    async def ready(self, _request: Request) -> Response:
        """Say how many accounts are waited for; which, only the pages behind credentials tell."""
        reasons = [
            f"{place} has not told of its accounts yet." for place in self._backend.undiscovered()
        ]
        unpolled = self._backend.unpolled()
        if unpolled:
            accounts = "1 account was" if unpolled == 1 else f"{unpolled} accounts were"
            reasons.append(f"{accounts} never polled yet.")
        if reasons:
            return text(*reasons, status=503)
        return text("threads-exporter is ready.")

    async def reload(self, _request: Request) -> Response:
        if not self._enabled:
            return text("Reloading over HTTP needs --web.enable-lifecycle.", status=403)
        problems = await self._workers.run(self._backend.reload)
        if problems:
            return text(*problems, status=400)
        return text("The configuration was reloaded.")

    async def configuration(self, _request: Request) -> Response:
        return text((await self._workers.run(self._backend.configuration)).rstrip("\n"))
