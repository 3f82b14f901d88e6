"""What the web configuration file holds: the file format of Prometheus's exporter-toolkit."""

from dataclasses import dataclass, field
from enum import StrEnum
from ssl import TLSVersion
from typing import Annotated

from pydantic import PlainValidator

from exporter.config.fields import Boolean, FilePath, Text, whole_number
from exporter.config.section import Section
from exporter.config.web_fields import (
    CipherSuite,
    Curve,
    GoDuration,
    HeaderName,
    HeaderValue,
    PasswordHash,
    Pem,
    PemSecret,
    UserName,
    check_tls_version,
)
from exporter.secret import Secret


class ClientAuth(StrEnum):
    """Go's names for what is asked of a client."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    REQUIRE_ANY = "RequireAnyClientCert"
    REQUIRE = "RequireClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


Version = Annotated[TLSVersion, PlainValidator(check_tls_version)]


@dataclass(frozen=True, slots=True)
class TlsEntry(Section):
    cert: Pem | None = None
    cert_file: FilePath | None = None
    key: PemSecret | None = None
    key_file: FilePath | None = None
    client_ca: Pem | None = None
    client_ca_file: FilePath | None = None
    client_auth_type: ClientAuth = ClientAuth.NONE
    client_allowed_sans: tuple[Text, ...] | None = None
    min_version: Version = TLSVersion.TLSv1_2
    max_version: Version = TLSVersion.TLSv1_3
    cipher_suites: tuple[CipherSuite, ...] = ()
    prefer_server_cipher_suites: Boolean = True
    curve_preferences: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpEntry(Section):
    http2: Boolean | None = None
    headers: dict[HeaderName, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RateLimitEntry(Section):
    interval: GoDuration = 0.0
    burst: Annotated[int, whole_number(0, 1_000_000)] = 0


@dataclass(frozen=True, slots=True)
class WebConfigFile(Section):
    tls_server_config: TlsEntry | None = None
    http_server_config: HttpEntry = field(default_factory=HttpEntry)
    basic_auth_users: dict[UserName, PasswordHash] = field(default_factory=dict[str, Secret])
    rate_limit: RateLimitEntry = field(default_factory=RateLimitEntry)
