"""The process: what serves until a signal says otherwise."""

import logging
import os
import queue
import signal
from collections.abc import Callable, Sequence
from threading import Timer

import structlog

from exporter.domain import Loop
from exporter.service import Service
from exporter.signals import Signals, end_at_the_next_signal
from exporter.web.server import WebServer

_log = structlog.get_logger(__name__)

_TICK_SECONDS = 1.0
_GRACE_TICKS = 5
_DRAIN_SECONDS = 10.0
_END_SECONDS = 20.0
_DIED = 3

Cut = Callable[[int], object]


def serve(
    service: Service,
    server: WebServer,
    signals: Signals,
    announce: Callable[[WebServer], None],
    cut: Cut,
) -> int:
    """Serve until SIGTERM or SIGINT, reload on SIGHUP; return the exit code.

    Where the end takes too long, or a second signal comes, `cut` ends the process with a code.
    Raises ListenError when an address is not to be had.
    """
    code = _DIED
    server.start()
    service.start()
    announce(server)
    try:
        code = _wait(service, server, signals)
    finally:
        end_at_the_next_signal(cut)
        _end_in_time(cut, code)
        server.stop(_DRAIN_SECONDS)
        service.stop()
    return code


def cut(code: int) -> None:
    """End the process at once, without what else is done at its end."""
    logging.shutdown()
    os._exit(code)


def _end_in_time(cut: Cut, code: int) -> None:
    """Have nothing hold up the end for good, such as a thread that hangs."""
    timer = Timer(_END_SECONDS, cut, [code])
    timer.daemon = True
    timer.start()


def _wait(service: Service, server: WebServer, signals: Signals) -> int:
    """Return the exit code once there is reason to end."""
    beat = service.heartbeat(Loop.MAIN)
    failing_ticks = 0
    while server.alive:
        beat()
        caught = _next_signal(signals)
        if caught is signal.SIGHUP:
            service.reload()
        elif caught is not None:
            _log.info("stopping", signal=caught.name)
            return 0
        else:
            # Counted, since after a halt of the whole process nobody has beaten for long.
            failures = _mend(service)
            failing_ticks = failing_ticks + 1 if failures else 0
            if failing_ticks > _GRACE_TICKS:
                _log.critical("the exporter ends, it cannot go on", reason=", ".join(failures))
                return _DIED
    _log.critical("the web server died")
    return _DIED


def _next_signal(signals: Signals) -> signal.Signals | None:
    try:
        return signals.get(timeout=_TICK_SECONDS)
    except queue.Empty:
        return None


def _mend(service: Service) -> Sequence[str]:
    try:
        service.mend()
        return service.failures()
    except Exception:  # noqa: BLE001 — want of memory, for one, may be over at the next tick
        _log.exception("the exporter could not look after itself")
        return ()
