"""Logs as logfmt or JSON, one line an event, with a net under them that holds back secrets."""

import json
import logging
import re
import sys
import threading
from collections.abc import Sequence
from math import isfinite
from types import TracebackType
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from exporter.log_options import LogFormat, LogLevel
from exporter.log_stream import LogHandler, LogStream
from exporter.secret import Redactor

_KEY_ORDER = ("ts", "level", "msg")
_BARE = re.compile(r"[!#-<>-\[\]-~]+")
_TALKATIVE = ("urllib3", "requests", "apscheduler")
"""Libraries that would log each call, some with its URL and so with a token."""

_NUMBERS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARN: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}

_log = structlog.get_logger(__name__)


def configure_logs(
    level: LogLevel, log_format: LogFormat, redactor: Redactor, stream: TextIO | None = None
) -> LogStream:
    """Send all logs of the process, and what kills its threads, redacted to the stream."""
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    lines = LogStream(stream or sys.stderr)
    handler = LogHandler(lines)
    handler.setFormatter(_formatter(log_format, redactor))
    number = _NUMBERS[level]
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_dead_thread
    return lines


def _common() -> Sequence[Processor]:
    """Return what is done with each event, be it of this code or of a library."""
    return (
        structlog.stdlib.add_log_level,
        _with_prometheus_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
        structlog.processors.UnicodeDecoder(),
    )


def _formatter(log_format: LogFormat, redactor: Redactor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _ordered,
            _Redacted(redactor),
            _renderer(log_format),
        ],
    )


def _with_prometheus_level(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Spell the level as `--log.level` and Prometheus do."""
    return {**event, "level": {"warning": "warn"}.get(event["level"], event["level"])}


def _ordered(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {**{key: event[key] for key in _KEY_ORDER if key in event}, **event}


def _renderer(log_format: LogFormat) -> Processor:
    return structlog.processors.JSONRenderer() if log_format is LogFormat.JSON else _logfmt


def _logfmt(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Render a line; structlog's own renderer lets tabs, line ends and escape codes through."""
    return " ".join(f"{key}={_logfmt_value(value)}" for key, value in event.items())


def _logfmt_value(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())


class _Redacted:
    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        return {key: self._shown(value) for key, value in event.items()}

    def _shown(self, value: object) -> object:
        if value is None or isinstance(value, int):
            return value
        if isinstance(value, float) and isfinite(value):
            return value
        return self._redactor.redact(str(value))


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    _log.critical("uncaught exception", exc_info=(kind, error, trace))


def _log_dead_thread(args: threading.ExceptHookArgs) -> None:
    thread = args.thread.name if args.thread else None
    error = args.exc_value
    _log.critical("thread died", thread=thread, exc_info=error)
