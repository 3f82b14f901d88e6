"""What one value alone does not show: values that contradict each other, files they name."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from exporter.config.document import Document
from exporter.config.durations import format_duration
from exporter.config.entries import ConfigFile
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.config.secret_checks import SecretChecker
from exporter.config.settings import AccountHttpSd, PollingSettings, StoreSettings
from exporter.config.urls import SQLITE, holds_password
from exporter.secret import SecretSource


def check_sections(
    config: ConfigFile, document: Document, report: Report, secrets: SecretChecker
) -> None:
    for location, message in (*_contradictions(config.polling), *_needless_password(config.store)):
        report.add(document, location, message)
    for location, message in _repeated_sources(config.account_http_sd):
        report.add(document, location, message)
    for location, source in _secrets(config):
        secrets.check(source, document, location)
    for location, file in _certificates(config):
        if problem := _problem_of_certificates(file):
            report.add(document, location, problem)


def _contradictions(polling: PollingSettings) -> list[tuple[Location, str]]:
    found: list[tuple[Location, str]] = []
    if polling.stale_after <= polling.quota.interval:
        interval = format_duration(polling.quota.interval)
        message = f"must be longer than polling.quota.interval ({interval})"
        found.append((("polling", "stale_after"), message))
    if polling.containers.give_up_after < polling.containers.interval:
        interval = format_duration(polling.containers.interval)
        message = f"must not be shorter than polling.containers.interval ({interval})"
        found.append((("polling", "containers", "give_up_after"), message))
    return found


def _needless_password(store: StoreSettings | None) -> list[tuple[Location, str]]:
    if store is None or store.password_file is None:
        return []
    location = ("store", "password_file")
    if store.url.startswith(SQLITE):
        return [(location, "is for PostgreSQL alone: store.url names a SQLite file")]
    if holds_password(store.url):
        return [(location, "store.url holds a password too: keep one of them")]
    return []


def _repeated_sources(sources: Sequence[AccountHttpSd]) -> list[tuple[Location, str]]:
    """Return what repeats a URL: all that it tells of would be there twice."""
    urls = [source.url for source in sources]
    return [
        (("account_http_sd", index, "url"), f"is that of account_http_sd[{first}]: keep one")
        for index, url in enumerate(urls)
        if (first := urls.index(url)) < index
    ]


def _secrets(config: ConfigFile) -> list[tuple[Location, SecretSource]]:
    found: list[tuple[Location, SecretSource | None]] = [
        (("polling", "token", "inspector_token_file"), config.polling.token.inspector),
        (("container_api", "token_file"), config.container_api.token),
        (("store", "password_file"), config.store.password if config.store else None),
    ]
    for index, discovery in enumerate(config.account_http_sd):
        location = ("account_http_sd", index, "authorization_file")
        found.append((location, discovery.authorization))
    return [(location, source) for location, source in found if source is not None]


def _certificates(config: ConfigFile) -> list[tuple[Location, Path]]:
    found: list[tuple[Location, Path | None]] = [(("api", "ca_file"), config.api.ca_file)]
    for index, discovery in enumerate(config.account_http_sd):
        found.append((("account_http_sd", index, "ca_file"), discovery.ca_file))
    return [(location, file) for location, file in found if file is not None]


def _problem_of_certificates(file: Path) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return f"{file}: holds no PEM certificate"
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None
