"""The service and its web server, made from the settings and the flags."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporter.clock import SystemClock
from exporter.config.settings import Settings
from exporter.config.web_settings import WebSettings
from exporter.containers.trouble import StoreError
from exporter.domain import Loop
from exporter.flags import Flags
from exporter.log_stream import hold_standard_streams
from exporter.logs import configure_logs
from exporter.process import cut, serve
from exporter.runtime import suit_many_threads
from exporter.secret import Redactor, SecretUnreadableError
from exporter.service import Service
from exporter.signals import Signals
from exporter.version import VERSION
from exporter.web.addresses import ListenError
from exporter.web.api.backend import ApiOptions
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.protocol import Watch
from exporter.web.server import WebServer
from exporter.web_config import WebConfig

_WRONG_CONFIGURATION = 1
_CANNOT_START = 3


class StartError(Exception):
    """The exporter could not start; the message names the place and the remedy."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configurations as they were read for the start."""

    config_file: Path
    settings: Settings
    web_settings: WebSettings


def serve_settings(
    loaded: Loaded,
    flags: Flags,
    signals: Signals,
    announce: Callable[[WebServer], None] = lambda _: None,
) -> int:
    """Serve until a signal says otherwise; return the exit code; raises StartError."""
    suit_many_threads()
    hold_standard_streams()
    redactor = Redactor()
    log_lines = configure_logs(flags.log_level, flags.log_format, redactor)
    try:
        web_config = WebConfig(flags.web_config_file, loaded.web_settings, SystemClock())
        service = Service(
            loaded.config_file,
            loaded.settings,
            clock=SystemClock(),
            redactor=redactor,
            shard=flags.shard,
        )
        service.show_log(lambda: log_lines.dropped)
        service.look_after(web_config)
        server = _web_server(service, web_config, flags)
        return serve(service, server, signals, announce, cut)
    except SecretUnreadableError as error:
        raise StartError(str(error), _WRONG_CONFIGURATION) from None
    except (ListenError, StoreError) as error:
        raise StartError(str(error), _CANNOT_START) from None


def _web_server(service: Service, web_config: WebConfig, flags: Flags) -> WebServer:
    clock = SystemClock()
    options = WebOptions(
        version=VERSION,
        telemetry_path=flags.telemetry_path,
        max_requests=flags.max_requests,
        lifecycle_enabled=flags.enable_lifecycle,
        clock=clock,
        settings=web_config.current,
        is_api_token=service.api.authorized,
    )
    api = create_api(service.api, clock, ApiOptions(VERSION))
    app = create_app(service, options, [api])
    tls = web_config.tls if web_config.is_secured else None
    watch = Watch(service.web_observer, service.heartbeat(Loop.WEB))
    return WebServer(app, flags.listen_addresses, tls=tls, watch=watch)
