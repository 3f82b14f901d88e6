"""The command line: flags, sub-commands and exit codes.

A command imports what it alone needs when it runs: a health check each half minute is not to load
a database library.
"""

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from exporter.flags import (
    Flags,
    own_url,
    parse_addresses,
    parse_ordinal,
    parse_shard,
    parse_url,
    parsed,
)
from exporter.log_options import LogFormat, LogLevel
from exporter.secret import FileSecret, SecretUnreadableError
from exporter.web.addresses import ListenAddress, parse_telemetry_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.config.settings import Settings
    from exporter.remote import RemoteExporter
    from exporter.signals import Signals
    from exporter.web.server import WebServer

_ENVIRONMENT_PREFIX = "THREADS_EXPORTER"
_NO = 1
_WRONG_CONFIGURATION = 1


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 — click hands it over so
    if not value:
        return
    from platform import python_version

    from exporter.version import REVISION, VERSION

    name = context.find_root().info_name
    click.echo(f"{name}, version {VERSION} (revision: {REVISION}, {python_version()})")
    context.exit()


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
    callback=parsed(parse_addresses),
    metavar="ADDR",
    help="Where to listen: host:port, [v6]:port, or :port for both families. Repeatable.",
)
@click.option(
    "--web.telemetry-path",
    "web_telemetry_path",
    default="/metrics",
    callback=parsed(parse_telemetry_path),
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
    callback=parsed(parse_ordinal),
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
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
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
    flags = Flags(
        listen_addresses=web_listen_address,
        telemetry_path=web_telemetry_path,
        max_requests=web_max_requests,
        enable_lifecycle=web_enable_lifecycle,
        shard=parse_shard(shard, total_shards),
        log_level=LogLevel(log_level),
        log_format=LogFormat(log_format),
    )
    context.obj = flags
    if context.invoked_subcommand is not None:
        return
    if config_check:
        _report_check(config_file, _load_or_exit(config_file))
    else:
        from exporter.signals import catch_signals

        signals = catch_signals()
        sys.exit(_serve(config_file, flags, signals))


def _load_or_exit(config_file: Path) -> "Settings":
    from exporter.config.loading import load_settings
    from exporter.config.problems import ConfigError

    try:
        return load_settings(config_file)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        mistakes = "this mistake" if count == 1 else f"these {count} mistakes"
        _exit(_WRONG_CONFIGURATION, f"mend {mistakes}; --config.check tells if all is well then")


def _report_check(config_file: Path, settings: "Settings") -> None:
    for warning in settings.warnings:
        click.echo(f"{config_file}: warning: {warning}")
    count = len(settings.accounts)
    click.echo(f"{config_file}: fine, {count} {'account' if count == 1 else 'accounts'}")


def _serve(
    config_file: Path,
    flags: Flags,
    signals: "Signals",
    announce: "Callable[[WebServer], None]" = lambda _: None,
) -> int:
    settings = _load_or_exit(config_file)
    from exporter.serving import StartError, serve_settings

    try:
        return serve_settings(config_file, settings, flags, signals, announce)
    except StartError as error:
        _exit(error.exit_code, str(error))


@main.command()
@click.option(
    "--speed",
    default=120.0,
    type=click.FloatRange(min=1.0, max=10_000.0),
    metavar="N",
    help="How many times faster than the world the simulated one moves.",
)
@click.pass_obj
def demo(flags: Flags, *, speed: float) -> None:
    """Run the exporter on a simulated Threads API; no token needed."""
    from exporter.clock import SystemClock
    from exporter.demo import demo_configuration
    from exporter.signals import catch_signals

    signals = catch_signals()
    with demo_configuration(SystemClock(), speed) as config_file:
        sys.exit(_serve(config_file, flags, signals, partial(_announce_demo, flags)))


def _announce_demo(flags: Flags, server: "WebServer") -> None:
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
    from exporter.threads_api.explain import describe, explain

    given = _read_stdin() if text == ("-",) else " ".join(text)
    entry = explain(given)
    if entry is None:
        _exit(_NO, "no known error; docs/errors.md lists those that are")
    click.echo(describe(entry))


def _read_stdin() -> str:
    return sys.stdin.buffer.read().decode(errors="replace")


@main.command()
@click.argument("url", required=False, callback=parsed(parse_url))
@click.pass_obj
def healthcheck(flags: Flags, url: str | None) -> None:
    """Exit with 0 if the exporter at URL is healthy, as a container's health check does.

    URL is that of the exporter on this host by default.
    """
    url = url or f"{own_url(flags.listen_addresses[0])}/-/healthy"
    with _asked(url) as exporter:
        click.echo(exporter.get())


_of_an_exporter = click.option(
    "--url",
    callback=parsed(parse_url),
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
    flags: Flags,
    *,
    account: str,
    container_ids: tuple[str, ...],
    url: str | None,
    token_file: Path,
) -> None:
    """Have a running exporter follow media containers of ACCOUNT, all of them or none."""
    with _asked(url or own_url(flags.listen_addresses[0]), token_file) as exporter:
        created = exporter.track(account, container_ids)
    for container_id, is_new in created.items():
        click.echo(f"{container_id}: {'tracked from now on' if is_new else 'known already'}")


@main.command()
@click.argument("container_ids", nargs=-1, required=True, metavar="CONTAINER_ID...")
@_of_an_exporter
@_with_a_token
@click.pass_obj
def untrack(
    flags: Flags, *, container_ids: tuple[str, ...], url: str | None, token_file: Path
) -> None:
    """Have a running exporter follow media containers no longer."""
    with _asked(url or own_url(flags.listen_addresses[0]), token_file) as exporter:
        for container_id in container_ids:
            exporter.untrack(container_id)
            click.echo(f"{container_id}: no longer tracked")


@contextmanager
def _asked(url: str, token_file: Path | None = None) -> "Iterator[RemoteExporter]":
    """Give the exporter at the URL; exit where it refuses, or cannot be asked."""
    from exporter.remote import RemoteError, RemoteExporter

    try:
        yield RemoteExporter(url, FileSecret(token_file).read() if token_file else None)
    except (RemoteError, SecretUnreadableError) as error:
        _exit(_NO, str(error))


def _exit(code: int, message: str) -> NoReturn:
    click.echo(f"threads-exporter: {message}", err=True)
    sys.exit(code)
