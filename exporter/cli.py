"""The command line: flags, sub-commands and exit codes."""

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from platform import python_version
from typing import NoReturn, TypeVar

import click

from exporter.clock import SystemClock
from exporter.config.loading import load_settings
from exporter.config.problems import ConfigError
from exporter.config.settings import Settings
from exporter.containers.trouble import StoreError
from exporter.demo import demo_configuration
from exporter.logs import LogFormat, LogLevel, configure_logs
from exporter.process import Signals, catch_signals, serve
from exporter.remote import RemoteError, RemoteExporter
from exporter.scheduling.sharding import Shard, shard_of_host
from exporter.secret import FileSecret, Redactor, SecretUnreadableError
from exporter.service import Service
from exporter.threads_api.explain import describe, explain
from exporter.version import REVISION, VERSION
from exporter.web.addresses import (
    ListenAddress,
    ListenError,
    parse_listen_address,
    parse_telemetry_path,
)
from exporter.web.api.backend import ApiOptions
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer

_ENVIRONMENT_PREFIX = "THREADS_EXPORTER"
_NO = 1
_WRONG_CONFIGURATION = 1
_CANNOT_START = 3
_HEALTH_SECONDS = 5.0

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Flags:
    listen_addresses: tuple[ListenAddress, ...]
    telemetry_path: str
    max_requests: int
    enable_lifecycle: bool
    shard: Shard
    log_level: LogLevel
    log_format: LogFormat


def _parsed(parse: Callable[[V], T]) -> Callable[[click.Context, click.Parameter, V], T]:
    def callback(_context: click.Context, _parameter: click.Parameter, value: V) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def _parse_addresses(values: tuple[str, ...]) -> tuple[ListenAddress, ...]:
    return tuple(parse_listen_address(value) for value in values)


def _parse_ordinal(value: str) -> int:
    if value == "auto":
        return shard_of_host(socket.gethostname())
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{value!r} is neither a number nor auto")
    return int(value)


@click.group(
    invoke_without_command=True,
    context_settings={
        "auto_envvar_prefix": _ENVIRONMENT_PREFIX,
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
    },
    epilog="Each flag has an environment variable, THREADS_EXPORTER_ and the flag in capitals with "
    "dots and dashes as _: --log.level is THREADS_EXPORTER_LOG_LEVEL. The flag wins.",
)
@click.option(
    "--config.file",
    "config_file",
    default="config.yaml",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration.",
)
@click.option(
    "--config.check",
    "config_check",
    is_flag=True,
    help="Check the configuration and every file it names, print every error, and exit.",
)
@click.option(
    "--web.listen-address",
    "web_listen_address",
    multiple=True,
    default=[":10068"],
    callback=_parsed(_parse_addresses),
    metavar="ADDR",
    help="Where to listen: host:port, [v6]:port, or :port for both families. Repeatable.",
)
@click.option(
    "--web.telemetry-path",
    "web_telemetry_path",
    default="/metrics",
    callback=_parsed(parse_telemetry_path),
    metavar="PATH",
    help="The path of the metrics.",
)
@click.option(
    "--web.max-requests",
    "web_max_requests",
    default=40,
    type=click.IntRange(min=0),
    metavar="N",
    help="How many scrapes may be in flight; 0 for no limit.",
)
@click.option(
    "--web.enable-lifecycle",
    "web_enable_lifecycle",
    is_flag=True,
    help="Allow POST /-/reload.",
)
@click.option(
    "--shard",
    "shard",
    default="0",
    callback=_parsed(_parse_ordinal),
    metavar="N",
    help="Which share of the accounts is this process's, counted from 0; auto reads the "
    "StatefulSet ordinal from the host name.",
)
@click.option(
    "--total-shards",
    "total_shards",
    default=1,
    type=click.IntRange(min=1),
    metavar="N",
    help="Among how many processes the accounts are shared.",
)
@click.option(
    "--log.level",
    "log_level",
    default=LogLevel.INFO.value,
    type=click.Choice([level.value for level in LogLevel]),
    help="The least severe level to log.",
)
@click.option(
    "--log.format",
    "log_format",
    default=LogFormat.LOGFMT.value,
    type=click.Choice([item.value for item in LogFormat]),
    help="How log lines are written.",
)
@click.version_option(
    VERSION, message=f"%(prog)s, version %(version)s (revision: {REVISION}, {python_version()})"
)
@click.pass_context
def main(
    context: click.Context,
    *,
    config_file: Path,
    config_check: bool,
    web_listen_address: tuple[ListenAddress, ...],
    web_telemetry_path: str,
    web_max_requests: int,
    web_enable_lifecycle: bool,
    shard: int,
    total_shards: int,
    log_level: str,
    log_format: str,
) -> None:
    """Prometheus exporter for Meta's Threads API.

    Without a COMMAND it polls the configured accounts and serves their metrics.
    """
    flags = _Flags(
        listen_addresses=web_listen_address,
        telemetry_path=web_telemetry_path,
        max_requests=web_max_requests,
        enable_lifecycle=web_enable_lifecycle,
        shard=_make_shard(shard, total_shards),
        log_level=LogLevel(log_level),
        log_format=LogFormat(log_format),
    )
    context.obj = flags
    if context.invoked_subcommand is not None:
        return
    if config_check:
        _report_check(config_file, _load_or_exit(config_file))
    else:
        signals = catch_signals()
        sys.exit(_serve(config_file, _load_or_exit(config_file), flags, signals))


def _make_shard(ordinal: int, total: int) -> Shard:
    try:
        return Shard(ordinal, total)
    except ValueError as error:
        raise click.UsageError(f"--shard, --total-shards: {error}") from None


def _load_or_exit(config_file: Path) -> Settings:
    try:
        return load_settings(config_file)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        mistakes = "this mistake" if count == 1 else f"these {count} mistakes"
        _exit(_WRONG_CONFIGURATION, f"mend {mistakes}; --config.check tells if all is well then")


def _report_check(config_file: Path, settings: Settings) -> None:
    for warning in settings.warnings:
        click.echo(f"{config_file}: warning: {warning}")
    count = len(settings.accounts)
    click.echo(f"{config_file}: fine, {count} {'account' if count == 1 else 'accounts'}")


def _serve(
    config_file: Path,
    settings: Settings,
    flags: _Flags,
    signals: Signals,
    announce: Callable[[WebServer], None] = lambda _: None,
) -> int:
    clock = SystemClock()
    redactor = Redactor()
    configure_logs(flags.log_level, flags.log_format, redactor)
    options = WebOptions(
        version=VERSION,
        telemetry_path=flags.telemetry_path,
        max_requests=flags.max_requests,
        lifecycle_enabled=flags.enable_lifecycle,
        clock=clock,
    )
    try:
        service = Service(config_file, settings, clock=clock, redactor=redactor, shard=flags.shard)
        api = create_api(service.api, clock, ApiOptions(VERSION))
        server = WebServer(create_app(service, options, [api]), flags.listen_addresses)
        return serve(service, server, signals, announce)
    except SecretUnreadableError as error:
        _exit(_WRONG_CONFIGURATION, str(error))
    except (ListenError, StoreError) as error:
        _exit(_CANNOT_START, str(error))


@main.command()
@click.option(
    "--speed",
    default=120.0,
    type=click.FloatRange(min=1.0, max=10_000.0),
    metavar="N",
    help="How many times faster than the world the simulated one moves.",
)
@click.pass_obj
def demo(flags: _Flags, *, speed: float) -> None:
    """Run the exporter on a simulated Threads API; no token needed."""
    signals = catch_signals()
    with demo_configuration(SystemClock(), speed) as config_file:
        settings = _load_or_exit(config_file)
        announce = partial(_announce_demo, flags)
        sys.exit(_serve(config_file, settings, flags, signals, announce))


def _announce_demo(flags: _Flags, server: WebServer) -> None:
    url = server.urls[0]
    click.echo(
        f"\nThe demo runs: simulated accounts, healthy and in every kind of trouble.\n\n"
        f"  landing page   {url}/\n"
        f"  metrics        {url}{flags.telemetry_path}\n"
        f"  one account    {url}/probe?account=NAME\n\n"
        f"Stop it with Ctrl-C.\n"
    )


@main.command("explain", context_settings={"ignore_unknown_options": True})
@click.argument("text", nargs=-1, required=True)
def explain_command(text: tuple[str, ...]) -> None:
    """Tell which known error TEXT is: a code, a message or a whole JSON body; - reads it.

    Exits with 1 when it is none.
    """
    given = _read_stdin() if text == ("-",) else " ".join(text)
    entry = explain(given)
    if entry is None:
        _exit(_NO, "no known error; docs/errors.md lists those that are")
    click.echo(describe(entry))


def _read_stdin() -> str:
    return sys.stdin.buffer.read().decode(errors="replace")


def _parse_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} starts with neither http:// nor https://")
    return value


@main.command()
@click.argument("url", required=False, callback=_parsed(_parse_url))
@click.pass_obj
def healthcheck(flags: _Flags, url: str | None) -> None:
    """Exit with 0 if the exporter at URL is healthy, as a container's health check does.

    URL is that of the exporter on this host by default.
    """
    url = url or f"{_own_url(flags.listen_addresses[0])}/-/healthy"
    try:
        click.echo(RemoteExporter(url).get())
    except RemoteError as error:
        _exit(_NO, str(error))


_of_an_exporter = click.option(
    "--url",
    callback=_parsed(_parse_url),
    metavar="URL",
    help="Where the exporter is; on this host by default.",
)
_with_a_token = click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The file that holds the exporter's container_api token.",
)


@main.command()
@click.argument("account")
@click.argument("container_ids", nargs=-1, required=True, metavar="CONTAINER_ID...")
@_of_an_exporter
@_with_a_token
@click.pass_obj
def track(
    flags: _Flags,
    *,
    account: str,
    container_ids: tuple[str, ...],
    url: str | None,
    token_file: Path,
) -> None:
    """Have a running exporter follow media containers of ACCOUNT, all of them or none."""
    try:
        created = _remote(flags, url, token_file).track(account, container_ids)
    except (RemoteError, SecretUnreadableError) as error:
        _exit(_NO, str(error))
    for container_id, is_new in created.items():
        click.echo(f"{container_id}: {'tracked from now on' if is_new else 'known already'}")


@main.command()
@click.argument("container_ids", nargs=-1, required=True, metavar="CONTAINER_ID...")
@_of_an_exporter
@_with_a_token
@click.pass_obj
def untrack(
    flags: _Flags, *, container_ids: tuple[str, ...], url: str | None, token_file: Path
) -> None:
    """Have a running exporter follow media containers no longer."""
    try:
        exporter = _remote(flags, url, token_file)
        for container_id in container_ids:
            exporter.untrack(container_id)
            click.echo(f"{container_id}: no longer tracked")
    except (RemoteError, SecretUnreadableError) as error:
        _exit(_NO, str(error))


def _remote(flags: _Flags, url: str | None, token_file: Path) -> RemoteExporter:
    return RemoteExporter(url or _own_url(flags.listen_addresses[0]), FileSecret(token_file).read())


def _own_url(address: ListenAddress) -> str:
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 — nothing is bound here
    return f"http://{ListenAddress(host, address.port)}"


def _exit(code: int, message: str) -> NoReturn:
    click.echo(f"threads-exporter: {message}", err=True)
    sys.exit(code)
