"""From the web configuration file to settings, or to everything that is wrong with it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exporter.config.document import Document
from exporter.config.report import Report
from exporter.config.schema import Schema
from exporter.config.secret_checks import is_open_to_others
from exporter.config.tls import ANY_CERTIFICATE, TLS, VERIFIED, TlsReader
from exporter.config.web_entries import ClientAuth, RateLimitEntry, TlsEntry, WebConfigFile
from exporter.config.web_fields import HEADERS, cost_of
from exporter.config.web_settings import RateLimit, WebSettings
from exporter.config.yaml_document import read_yaml

USERS: Final = "basic_auth_users"
_FILE = Schema(WebConfigFile)
_SLOW_COST = 14


def load_web_settings(path: Path) -> WebSettings:
    """Read the file and those that it names; raises ConfigError."""
    report = Report()
    document = report.read(read_yaml, path)
    config = report.validate(_FILE, document, (), document.value) if document else None
    if document is None or config is None:
        raise report.error()
    settings = _settings(document, config, report)
    if report.problems:
        raise report.error()
    return settings


def _settings(document: Document, config: WebConfigFile, report: Report) -> WebSettings:
    """Return settings that are good for use only if the report stays empty."""
    _check_emptied(document, report)
    _check_headers(document, config.http_server_config.headers, report)
    _check_rate_limit(document, config.rate_limit, report)
    entry = config.tls_server_config
    headers = config.http_server_config.headers
    return WebSettings(
        tls=TlsReader(document, report).read(entry) if entry else None,
        users=MappingProxyType(config.basic_auth_users),
        headers=MappingProxyType({name: value for name, value in headers.items() if value}),
        rate_limit=_rate_limit(config.rate_limit),
        files=(document.file, *_files(entry)),
        warnings=tuple(_cautions(config)),
    )


def _check_emptied(document: Document, report: Report) -> None:
    """Refuse what a file that was cut off in the middle would open to everyone."""
    values = document.value if isinstance(document.value, dict) else {}
    for key in (TLS, USERS):
        if key in values and values[key] in (None, {}):
            report.add(document, (key,), "is empty: remove it, or say who may come in, and how")


def _check_headers(document: Document, headers: Mapping[str, str], report: Report) -> None:
    for name, value in headers.items():
        allowed = HEADERS[name]
        if allowed and value not in allowed:
            location = ("http_server_config", "headers", name)
            report.add(document, location, f"must be {' or '.join(allowed)}")


def _check_rate_limit(document: Document, limit: RateLimitEntry, report: Report) -> None:
    if limit.interval and not limit.burst:
        message = "must be at least 1, else no request would be answered"
        report.add(document, ("rate_limit", "burst"), message)


def _rate_limit(limit: RateLimitEntry) -> RateLimit | None:
    return RateLimit(limit.interval, limit.burst) if limit.interval else None


def _files(entry: TlsEntry | None) -> tuple[Path, ...]:
    if entry is None:
        return ()
    named = (entry.cert_file, entry.key_file, entry.client_ca_file)
    return tuple(file for file in named if file is not None)


def _cautions(config: WebConfigFile) -> Iterator[str]:
    entry = config.tls_server_config
    if entry is None and config.basic_auth_users:
        yield f"{USERS}: without {TLS} the passwords travel for everyone to read"
    if config.http_server_config.http2:
        yield "http_server_config.http2: HTTP/2 is not served, clients get HTTP/1.1"
    if entry is not None:
        yield from _cautions_of_tls(entry)
    costs = {cost_of(hashed) for hashed in config.basic_auth_users.values()}
    if max(costs, default=0) > _SLOW_COST:
        yield f"{USERS}: a hash has cost {max(costs)}, so its first check takes seconds"
    if len(costs) > 1:
        yield f"{USERS}: the hashes differ in cost, so the time of an answer tells names apart"


def _cautions_of_tls(entry: TlsEntry) -> Iterator[str]:
    kind = entry.client_auth_type
    if kind is ClientAuth.REQUEST:
        yield f"{TLS}.client_auth_type: {kind} lets everyone in, so no certificate is asked for"
    if kind in ANY_CERTIFICATE:
        yield f"{TLS}.client_auth_type: {kind} is served as {ClientAuth.REQUIRE_AND_VERIFY}"
    if kind in VERIFIED and not entry.client_ca and not entry.client_ca_file:
        yield (
            f"{TLS}.client_ca_file: without it, whoever has a certificate of an authority that "
            "this system trusts is let in"
        )
    if entry.key_file is not None and is_open_to_others(entry.key_file):
        yield f"{entry.key_file} is open to its group or to others: chmod 600 it"
