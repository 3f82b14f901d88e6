from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.web.backend import Backend, WebOptions
from exporter.web.landing.overview import overview_of
from exporter.web.landing.page import CONTENT_SECURITY_POLICY, render_page
from exporter.web.workers import Workers


class Landing:
    """The page for people: what was last seen of each account."""

    def __init__(self, backend: Backend, options: WebOptions) -> None:
        self._backend = backend
        self._options = options
        self._workers = Workers("landing", threads=2)

    async def page(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()
        content = await self._workers.run(lambda: self._render(query))
        return HTMLResponse(content, headers={"content-security-policy": CONTENT_SECURITY_POLICY})

    def _render(self, query: str) -> str:
        now = self._options.clock.wall()
        overview = overview_of(self._backend.accounts(), now, query)
        return render_page(overview, now, self._options)
