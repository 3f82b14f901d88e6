from collections.abc import AsyncIterator, Iterable
from functools import partial
from math import isfinite

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exporter.web.answers import BadRequestError
from exporter.web.backend import Backend, Exposition, UnknownAccountError
from exporter.web.workers import Workers

_TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"
_TIMEOUT_OFFSET = 0.5
_THREADS_WITHOUT_LIMIT = 40
_PIECE_BYTES = 256 * 1024


class Scraping:
    """The endpoints that Prometheus scrapes."""

    def __init__(self, backend: Backend, max_requests: int) -> None:
        self._backend = backend
        threads = max_requests or _THREADS_WITHOUT_LIMIT
        self._scrapes = Workers("scrape", threads, max_requests)
        self._probes = Workers("probe", threads, max_requests)

    async def metrics(self, request: Request) -> Response:
        names = request.query_params.getlist("name[]")
        expose = partial(self._backend.expose, *_accepted(request), names)
        return _respond(await self._scrapes.run(expose))

    async def probe(self, request: Request) -> Response:
        probe = partial(
            self._backend.probe, _account(request), _timeout(request), *_accepted(request)
        )
        try:
            return _respond(await self._probes.run(probe))
        except UnknownAccountError:
            raise BadRequestError("No account of that name is configured.") from None


async def _pieces(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks in pieces that are worth a system call each, without a copy of it all."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _respond(exposition: Exposition) -> Response:
    headers = {
        "content-type": exposition.content_type,
        "content-length": str(sum(map(len, exposition.chunks))),
        "vary": "Accept, Accept-Encoding",
    }
    if exposition.content_encoding is not None:
        headers["content-encoding"] = exposition.content_encoding
    return StreamingResponse(_pieces(exposition.chunks), headers=headers)


def _accepted(request: Request) -> tuple[str, str]:
    headers = request.headers
    return ", ".join(headers.getlist("accept")), ", ".join(headers.getlist("accept-encoding"))


def _account(request: Request) -> str:
    accounts = request.query_params.getlist("account")
    if len(accounts) != 1 or not accounts[0]:
        raise BadRequestError("Name one configured account, as in /probe?account=NAME.")
    return accounts[0]


def _timeout(request: Request) -> float | None:
    """Return the seconds a probe may take so that its answer is in time, None for no bound."""
    try:
        allowed = float(request.headers.get(_TIMEOUT_HEADER, ""))
    except ValueError:
        return None
    if not isfinite(allowed) or allowed <= 0:
        return None
    return max(allowed - _TIMEOUT_OFFSET, allowed / 2)
