import asyncio
import resource
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from socket import socket

import structlog
import uvicorn
from starlette.types import ASGIApp

from exporter.config.web_settings import TlsSettings
from exporter.web.addresses import BACKLOG, ListenAddress, bind, bound_address, url_of
from exporter.web.protection import RequestsInFlight
from exporter.web.protocol import (
    BoundedProtocol,
    ConnectionLimits,
    Watch,
    bounded_protocol,
)
from exporter.web.tls import secured_protocol

# Each accepted connection is a file descriptor before any of them can be refused or ended.
_ACCEPTED_AT_ONCE = 8
_LOOK_SECONDS = 0.1

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """uvicorn's server, telling when it serves, and ending when it is told to."""

    def __init__(self, config: uvicorn.Config, beat: Callable[[], object]) -> None:
        super().__init__(config)
        self._beat = beat
        self.serving = threading.Event()
        self._loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)
        self._loop = asyncio.get_running_loop()
        self.serving.set()

    async def on_tick(self, counter: int) -> bool:
        self._beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        closing = asyncio.create_task(self._close_idle())
        try:
            await super().shutdown(sockets)
        finally:
            closing.cancel()

    async def _close_idle(self) -> None:
        """Close what became idle since the end began: uvicorn looks but once, and waits for it."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for connection in tuple(self.server_state.connections):
                if not connection.transport.is_closing():
                    connection.shutdown()

    def cut(self) -> None:
        """Close what is still open, from any thread."""
        self.force_exit = True
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._abort_connections)

    def _abort_connections(self) -> None:
        connections = tuple(self.server_state.connections)
        if connections:
            log.warning("connections cut", count=len(connections))
        for connection in connections:
            connection.transport.abort()


class WebServer:
    """Serves an ASGI app on several addresses, from a thread of its own.

    `tls` tells how a connection that comes now is secured; without it there is plain HTTP.
    """

    def __init__(
        self,
        app: ASGIApp,
        listen_addresses: Sequence[ListenAddress],
        limits: ConnectionLimits | None = None,
        tls: Callable[[], TlsSettings] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._listen_addresses = tuple(listen_addresses)
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        bounds = (limits or ConnectionLimits()).within(descriptors)
        watch = watch or Watch()
        observer = watch.observer
        protocol = (
            secured_protocol(bounds, tls, observer) if tls else bounded_protocol(bounds, observer)
        )
        config = _config(RequestsInFlight(app, observer), bounds, protocol)
        self._server = _Server(config, watch.beat)
        self._scheme = "https" if tls else "http"
        self._bound: tuple[ListenAddress, ...] = ()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on every address and serve; raises ListenError, then listening on none."""
        listeners = _bind_all(self._listen_addresses)
        self._bound = tuple(bound_address(listener) for listener in listeners)
        self._thread = threading.Thread(
            target=self._server.run, args=(listeners,), name="web", daemon=True
        )
        self._thread.start()
        self._server.serving.wait()
        for address in self.addresses:
            log.info("listening", address=address)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses listened on, with the ports that were picked for port 0."""
        return tuple(str(address) for address in self._bound)

    @property
    def urls(self) -> tuple[str, ...]:
        """A URL for each address, usable on this host."""
        return tuple(url_of(address, self._scheme) for address in self._bound)

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self, timeout: float) -> None:
        """Accept nothing more, finish what is in flight, and cut it after `timeout` seconds."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._server.cut()
            self._thread.join()


def _bind_all(addresses: Sequence[ListenAddress]) -> list[socket]:
    with ExitStack() as bound:
        listeners = [bound.enter_context(bind(address)) for address in addresses]
        bound.pop_all()
        return listeners


def _config(
    app: ASGIApp, limits: ConnectionLimits, protocol: type[BoundedProtocol]
) -> uvicorn.Config:
    """Return uvicorn's settings; of its log only errors, for any client can cause its warnings."""
    return uvicorn.Config(
        app,
        http=protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_ACCEPTED_AT_ONCE,  # asyncio makes it the listen queue too, for a moment
        timeout_keep_alive=limits.keep_alive,
        h11_max_incomplete_event_size=limits.head_bytes,
    )
