"""The service and its web server, made from the settings and the flags."""

from collections.abc import Callable
from pathlib import Path

from exporter.clock import SystemClock
from exporter.config.settings import Settings
from exporter.containers.trouble import StoreError
from exporter.flags import Flags
from exporter.logs import configure_logs
from exporter.process import serve
from exporter.secret import Redactor, SecretUnreadableError
from exporter.service import Service
from exporter.signals import Signals
from exporter.version import VERSION
from exporter.web.addresses import ListenError
from exporter.web.api.backend import ApiOptions
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer

_WRONG_CONFIGURATION = 1
_CANNOT_START = 3


class StartError(Exception):
    """The exporter could not start; the message names the place and the remedy."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def serve_settings(
    config_file: Path,
    settings: Settings,
    flags: Flags,
    signals: Signals,
    announce: Callable[[WebServer], None] = lambda _: None,
) -> int:
    """Serve until a signal says otherwise; return the exit code; raises StartError."""
    redactor = Redactor()
    configure_logs(flags.log_level, flags.log_format, redactor)
    try:
        service = Service(
            config_file, settings, clock=SystemClock(), redactor=redactor, shard=flags.shard
        )
        return serve(service, _web_server(service, flags), signals, announce)
    except SecretUnreadableError as error:
        raise StartError(str(error), _WRONG_CONFIGURATION) from None
    except (ListenError, StoreError) as error:
        raise StartError(str(error), _CANNOT_START) from None


def _web_server(service: Service, flags: Flags) -> WebServer:
    clock = SystemClock()
    options = WebOptions(
        version=VERSION,
        telemetry_path=flags.telemetry_path,
        max_requests=flags.max_requests,
        lifecycle_enabled=flags.enable_lifecycle,
        clock=clock,
    )
    api = create_api(service.api, clock, ApiOptions(VERSION))
    return WebServer(create_app(service, options, [api]), flags.listen_addresses)
