"""What the web configuration file asks of the web server, checked and ready for use."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from exporter.secret import Secret


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How connections are secured.

    `allowed_sans` is None where any certificate that the context accepts is enough;
    `expires_at` is when the server's own certificate does, in Unix seconds.
    """

    context: ssl.SSLContext
    allowed_sans: frozenset[str] | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket of `burst` requests, into which one falls every `interval` seconds."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Without a file there is plain HTTP, for everyone.

    `users` holds bcrypt hashes by name, `files` is all that was read, for whoever looks for
    changes, `warnings` is what an operator should know though it is no error.
    """

    tls: TlsSettings | None = None
    users: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    rate_limit: RateLimit | None = None
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
