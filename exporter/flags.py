"""The flags that all commands share, parsed."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from exporter.log_options import LogFormat, LogLevel
from exporter.scheduling.sharding import Shard, shard_of_host
from exporter.web.addresses import ListenAddress, parse_listen_address

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Flags:
    listen_addresses: tuple[ListenAddress, ...]
    telemetry_path: str
    web_config_file: Path | None
    max_requests: int
    enable_lifecycle: bool
    shard: Shard
    log_level: LogLevel
    log_format: LogFormat


def parsed(parse: Callable[[V], T]) -> Callable[[click.Context, click.Parameter, V], T]:
    """Return a callback for click that parses; its ValueErrors are the user's mistakes."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: V) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def parse_addresses(values: tuple[str, ...]) -> tuple[ListenAddress, ...]:
    return tuple(parse_listen_address(value) for value in values)


def parse_optional_path(value: str) -> Path | None:
    return Path(value) if value else None


def parse_ordinal(value: str) -> int:
    if value == "auto":
        return shard_of_host(socket.gethostname())
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{value!r} is neither a number nor auto")
    return int(value)


def parse_shard(ordinal: int, total: int) -> Shard:
    try:
        return Shard(ordinal, total)
    except ValueError as error:
        raise click.UsageError(f"--shard, --total-shards: {error}") from None


def parse_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} starts with neither http:// nor https://")
    return value


def own_url(address: ListenAddress, scheme: str = "http") -> str:
    """Return where this host reaches what listens on the address."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 — nothing is bound here
    return f"{scheme}://{ListenAddress(host, address.port)}"
