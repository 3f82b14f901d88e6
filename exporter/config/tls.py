"""From the section tls_server_config to a context of OpenSSL."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.config.certificates import (
    CertificateError,
    expiry_of,
    load_authorities,
    load_key_pair,
)
from exporter.config.document import Document, DocumentError, read_text
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.config.web_entries import ClientAuth, TlsEntry
from exporter.config.web_fields import CIPHER_SUITES, CURVES
from exporter.config.web_settings import TlsSettings

TLS: Final = "tls_server_config"
ANY_CERTIFICATE: Final = frozenset({ClientAuth.REQUIRE_ANY, ClientAuth.REQUIRE})
VERIFIED: Final = frozenset({ClientAuth.VERIFY_IF_GIVEN, ClientAuth.REQUIRE_AND_VERIFY})


@dataclass(frozen=True, slots=True)
class _Pem:
    """A text in PEM, where it stands, and how messages begin that tell what is wrong with it."""

    text: str
    location: Location
    prefix: str


class TlsReader:
    """Makes the context, or reports everything that keeps it from being made."""

    def __init__(self, document: Document, report: Report) -> None:
        self._document = document
        self._report = report

    def read(self, entry: TlsEntry) -> TlsSettings | None:
        """Return what is good for use only if the report stays empty."""
        self._check_clients(entry)
        self._check_versions(entry)
        if len(entry.curve_preferences) > 1:
            message = "Python offers one curve, or OpenSSL's choice: list one, or remove the key"
            self._add(("curve_preferences",), message)
        certificate = self._needed("cert", entry.cert, entry.cert_file)
        key = self._needed("key", entry.key.reveal() if entry.key else None, entry.key_file)
        authorities = self._pem("client_ca", entry.client_ca, entry.client_ca_file)
        context = _context(entry)
        if authorities is not None:
            self._load_authorities(context, authorities)
        elif _verifies(entry):
            context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        expires_at = self._expiry(certificate) if certificate else None
        if certificate is None or key is None or expires_at is None:
            return None
        self._load_key_pair(context, certificate, key)
        return TlsSettings(context, _allowed_sans(entry), expires_at)

    def _check_clients(self, entry: TlsEntry) -> None:
        kind, has_authorities = (
            entry.client_auth_type,
            bool(entry.client_ca or entry.client_ca_file),
        )
        if kind in ANY_CERTIFICATE and not has_authorities:
            message = (
                "would let any certificate in, which Python cannot do: write "
                "RequireAndVerifyClientCert and set client_ca_file"
            )
            self._add(("client_auth_type",), message)
        if kind is ClientAuth.NONE and has_authorities:
            key = "client_ca" if entry.client_ca else "client_ca_file"
            self._add((key,), "has no effect without client_auth_type: RequireAndVerifyClientCert")
        if entry.client_allowed_sans is not None:
            self._check_sans(entry.client_allowed_sans, kind)

    def _check_sans(self, allowed: tuple[str, ...], kind: ClientAuth) -> None:
        if kind not in {*ANY_CERTIFICATE, ClientAuth.REQUIRE_AND_VERIFY}:
            message = "needs client_auth_type: RequireAndVerifyClientCert"
            self._add(("client_allowed_sans",), message)
        if not allowed:
            message = "lists none, so that no client could connect: list one or remove the key"
            self._add(("client_allowed_sans",), message)

    def _check_versions(self, entry: TlsEntry) -> None:
        if entry.max_version < entry.min_version:
            self._add(("max_version",), "is below min_version, so that no client could connect")
        if entry.cipher_suites and not _ciphers(entry) and not _allows_tls13(entry):
            message = "lists suites of TLS 1.3 alone, which max_version rules out"
            self._add(("cipher_suites",), message)

    def _needed(self, key: str, text: str | None, file: Path | None) -> _Pem | None:
        if not self._is_given(key, f"{key}_file"):
            self._add((), f"has neither {key}_file nor {key}: set one of them")
        return self._pem(key, text, file)

    def _is_given(self, *keys: str) -> bool:
        """Tell whether one is there, be its value right or wrong."""
        match self._document.value:
            case {"tls_server_config": {**section}}:
                return any(section.get(key) is not None for key in keys)
        return False

    def _pem(self, key: str, text: str | None, file: Path | None) -> _Pem | None:
        if text is not None and file is not None:
            self._add((f"{key}_file",), f"{key} is there too: keep one of them")
        if file is None:
            return None if text is None else _Pem(text, (key,), "")
        try:
            return _Pem(read_text(file), (f"{key}_file",), f"{file}: ")
        except DocumentError as error:
            self._add((f"{key}_file",), f"{file}: {error}")
            return None

    def _expiry(self, certificate: _Pem) -> float | None:
        try:
            return expiry_of(certificate.text)
        except CertificateError as error:
            self._complain(certificate, error)
            return None

    def _load_authorities(self, context: ssl.SSLContext, authorities: _Pem) -> None:
        try:
            load_authorities(context, authorities.text)
        except CertificateError as error:
            self._complain(authorities, error)

    def _load_key_pair(self, context: ssl.SSLContext, certificate: _Pem, key: _Pem) -> None:
        try:
            load_key_pair(context, certificate.text, key.text)
        except CertificateError as error:
            self._complain(key, error)

    def _complain(self, pem: _Pem, error: CertificateError) -> None:
        self._add(pem.location, f"{pem.prefix}{error}")

    def _add(self, location: Location, message: str) -> None:
        self._report.add(self._document, (TLS, *location), message)


def _context(entry: TlsEntry) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = entry.min_version, entry.max_version
    if not entry.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if ciphers := _ciphers(entry):
        context.set_ciphers(":".join(ciphers))
    elif entry.cipher_suites:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    for curve in entry.curve_preferences[:1]:
        context.set_ecdh_curve(CURVES[curve])
    if _verifies(entry):
        optional = entry.client_auth_type is ClientAuth.VERIFY_IF_GIVEN
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    return context


def _ciphers(entry: TlsEntry) -> list[str]:
    """Return OpenSSL's names of the listed suites; those of TLS 1.3 are always there, as in Go."""
    return [CIPHER_SUITES[suite] for suite in entry.cipher_suites if suite in CIPHER_SUITES]


def _allows_tls13(entry: TlsEntry) -> bool:
    return entry.max_version >= ssl.TLSVersion.TLSv1_3


def _verifies(entry: TlsEntry) -> bool:
    return entry.client_auth_type in VERIFIED | ANY_CERTIFICATE


def _allowed_sans(entry: TlsEntry) -> frozenset[str] | None:
    return None if entry.client_allowed_sans is None else frozenset(entry.client_allowed_sans)
