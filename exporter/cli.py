"""The command line: flags, sub-commands and exit codes.

A command imports what it alone needs when it runs: a health check each half minute is not to load
a database library.
"""

import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from exporter.flags import (
    Flags,
    own_url,
    parse_addresses,
    parse_optional_path,
    parse_ordinal,
    parse_shard,
    parse_url,
    parsed,
)
from exporter.log_options import LogFormat, LogLevel
from exporter.secret import FileSecret, SecretUnreadableError
from exporter.web.addresses import ListenAddress, parse_telemetry_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exporter.config.problems import Problem
    from exporter.config.settings import Settings
    from exporter.config.web_settings import WebSettings
    from exporter.remote import RemoteExporter, Trust
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
    help="Check both configurations and every file they name, print every error, and exit.",
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
    "--web.config.file",
    "web_config_file",
    default="",
    callback=parsed(parse_optional_path),
    metavar="FILE",
    help="TLS, passwords, headers and a rate limit, in exporter-toolkit's format.",
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
    web_config_file: Path | None,
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
        web_config_file=web_config_file,
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
        _report_check(config_file, web_config_file)
    else:
        from exporter.signals import catch_signals

        signals = catch_signals()
        sys.exit(_serve(config_file, flags, signals))


def _load_or_exit(
    config_file: Path, web_config_file: Path | None, wanted: "Callable[[str], bool]"
) -> "tuple[Settings, WebSettings]":
    """Read both configurations, with the wanted accounts; exit with the mistakes of both."""
    from exporter.config.loading import load_settings
    from exporter.config.problems import ConfigError
    from exporter.config.web_config import load_web_settings
    from exporter.config.web_settings import WebSettings

    problems: list[Problem] = []
    settings, web_settings = None, None
    try:
        settings = load_settings(config_file, wanted)
    except ConfigError as error:
        problems += error.problems
    try:
        web_settings = load_web_settings(web_config_file) if web_config_file else WebSettings()
    except ConfigError as error:
        problems += error.problems
    if settings is None or web_settings is None:
        _exit_with(problems)
    return settings, web_settings


def _exit_with(problems: "Sequence[Problem]") -> NoReturn:
    for problem in problems:
        click.echo(str(problem), err=True)
    mistakes = "this mistake" if len(problems) == 1 else f"these {len(problems)} mistakes"
    _exit(_WRONG_CONFIGURATION, f"mend {mistakes}; --config.check tells if all is well then")


def _report_check(config_file: Path, web_config_file: Path | None) -> None:
    settings, web_settings = _load_or_exit(config_file, web_config_file, lambda _: True)
    for warning in settings.warnings:
        click.echo(f"{config_file}: warning: {warning}")
    count = len(settings.accounts)
    click.echo(f"{config_file}: fine, {count} {'account' if count == 1 else 'accounts'}")
    if web_config_file is None:
        return
    for warning in web_settings.warnings:
        click.echo(f"{web_config_file}: warning: {warning}")
    click.echo(f"{web_config_file}: fine, {'TLS' if web_settings.tls else 'no TLS'}")


def _serve(
    config_file: Path,
    flags: Flags,
    signals: "Signals",
    announce: "Callable[[WebServer], None]" = lambda _: None,
) -> int:
    settings, web_settings = _load_or_exit(config_file, flags.web_config_file, flags.shard.has)
    from exporter.serving import Loaded, StartError, serve_settings

    try:
        loaded = Loaded(config_file, settings, web_settings)
        return serve_settings(loaded, flags, signals, announce)
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


def _over_tls(command: "Callable[..., None]") -> "Callable[..., None]":
    """Add the flags for an exporter with TLS; the command gets them as `trust`."""

    @wraps(command)
    def trusting(
        *, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, **others: object
    ) -> None:
        from exporter.remote import Trust

        command(**others, trust=Trust(ca_file, cert_file, key_file))

    flags = {
        "--ca-file": "The certificates to trust, instead of those that this system trusts.",
        "--cert-file": "The certificate to present, where the exporter asks for one.",
        "--key-file": "The key of --cert-file.",
    }
    for flag, meaning in reversed(flags.items()):
        kind = click.Path(path_type=Path)
        trusting = click.option(flag, type=kind, metavar="FILE", help=meaning)(trusting)
    return trusting


@main.command()
@click.argument("url", required=False, callback=parsed(parse_url))
@_over_tls
@click.pass_obj
def healthcheck(flags: Flags, *, url: str | None, trust: "Trust") -> None:
    """Exit with 0 if the exporter at URL is healthy, as a container's health check does.

    URL is that of the exporter on this host by default, whose certificate is not verified: it is
    sent nothing that is secret.
    """
    from exporter.remote import is_secured

    if url is None:
        address = flags.listen_addresses[0]
        scheme = "https" if flags.web_config_file and is_secured(own_url(address)) else "http"
        url = f"{own_url(address, scheme)}/-/healthy"
        trust = trust if trust.ca_file else replace(trust, is_verified=False)
    with _asked(url, trust) as exporter:
        click.echo(exporter.get())


def _with_an_exporter(command: "Callable[..., None]") -> "Callable[..., None]":
    """Add the flags that say which exporter is meant; the command gets it as `exporter`."""

    @click.option(
        "--url",
        callback=parsed(parse_url),
        metavar="URL",
        help="Where the exporter is; on this host by default.",
    )
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path),
        required=True,
        metavar="FILE",
        help="The file that holds the exporter's container_api token.",
    )
    @_over_tls
    @wraps(command)
    @click.pass_obj
    def asking(
        flags: Flags, /, *, url: str | None, token_file: Path, trust: "Trust", **others: object
    ) -> None:
        with _asked(url or _configured_url(flags), trust, token_file) as exporter:
            command(exporter, **others)

    return asking


@main.command()
@click.argument("account")
@click.argument("container_ids", nargs=-1, required=True, metavar="CONTAINER_ID...")
@_with_an_exporter
def track(exporter: "RemoteExporter", *, account: str, container_ids: tuple[str, ...]) -> None:
    """Have a running exporter follow media containers of ACCOUNT, all of them or none."""
    for container_id, is_new in exporter.track(account, container_ids).items():
        click.echo(f"{container_id}: {'tracked from now on' if is_new else 'known already'}")


@main.command()
@click.argument("container_ids", nargs=-1, required=True, metavar="CONTAINER_ID...")
@_with_an_exporter
def untrack(exporter: "RemoteExporter", *, container_ids: tuple[str, ...]) -> None:
    """Have a running exporter follow media containers no longer."""
    for container_id in container_ids:
        exporter.untrack(container_id)
        click.echo(f"{container_id}: no longer tracked")


def _configured_url(flags: Flags) -> str:
    """Return where the exporter on this host is, over TLS where its web configuration says so."""
    if flags.web_config_file is None:
        return own_url(flags.listen_addresses[0])
    from exporter.config.problems import ConfigError
    from exporter.config.web_config import load_web_settings

    try:
        tls = load_web_settings(flags.web_config_file).tls
    except ConfigError as error:
        _exit_with(error.problems)
    return own_url(flags.listen_addresses[0], "https" if tls else "http")


@contextmanager
def _asked(url: str, trust: "Trust", token_file: Path | None = None) -> "Iterator[RemoteExporter]":
    """Give the exporter at the URL; exit where it refuses, or cannot be asked."""
    from exporter.remote import RemoteError, RemoteExporter

    try:
        yield RemoteExporter(url, FileSecret(token_file).read() if token_file else None, trust)
    except (RemoteError, SecretUnreadableError) as error:
        _exit(_NO, str(error))


def _exit(code: int, message: str) -> NoReturn:
    click.echo(f"threads-exporter: {message}", err=True)
    sys.exit(code)
