"""The process: what serves until a signal says otherwise."""

import queue
import signal
from collections.abc import Callable

import structlog

from exporter.service import Service
from exporter.signals import Signals
from exporter.web.server import WebServer

_log = structlog.get_logger(__name__)

_TICK_SECONDS = 1.0
_DRAIN_SECONDS = 10.0


def serve(
    service: Service,
    server: WebServer,
    signals: Signals,
    announce: Callable[[WebServer], None],
) -> int:
    """Serve until SIGTERM or SIGINT, reload on SIGHUP; return the exit code.

    Raises ListenError when an address is not to be had.
    """
    server.start()
    service.start()
    announce(server)
    try:
        return _wait(service, server, signals)
    finally:
        server.stop(_DRAIN_SECONDS)
        service.stop()


def _wait(service: Service, server: WebServer, signals: Signals) -> int:
    while server.alive:
        try:
            caught = signals.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            service.follow_clock()
            continue
        if caught is not signal.SIGHUP:
            _log.info("stopping", signal=caught.name)
            return 0
        service.reload()
    _log.critical("the web server died")
    return 3
