"""Certificates and keys in PEM, as OpenSSL takes them, and when a certificate expires."""

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

_VERSION = 0xA0
_UTC_TIME = 0x17
_BEFORE_VALIDITY = ("serial number", "signature algorithm", "issuer")


class CertificateError(Exception):
    """What is wrong with a certificate or a key; the message never quotes it."""


def expiry_of(pem: str) -> float:
    """Return when the first certificate expires, in Unix seconds; raises CertificateError."""
    found = _CERTIFICATE.search(pem)
    if found is None:
        raise CertificateError("holds no PEM certificate")
    try:
        return _not_after(ssl.PEM_cert_to_DER_cert(found[0]))
    except (ValueError, IndexError):
        raise CertificateError("holds a certificate that cannot be read") from None


def load_key_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Have the context present the certificate; raises CertificateError, where of the key.

    From memory: what is loaded is what was read, though the files may change meanwhile.
    """
    with _as_file(certificate) as certificate_file, _as_file(key) as key_file:
        try:
            context.load_cert_chain(certificate_file, key_file, password=_no_passphrase)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise CertificateError("is not the key of the certificate") from None
            raise CertificateError("holds no PEM key that can be read") from None


def load_authorities(context: ssl.SSLContext, pem: str) -> None:
    """Have the context trust what the authorities signed; raises CertificateError."""
    try:
        context.load_verify_locations(cadata="\n".join(_CERTIFICATE.findall(pem)))
    except (ssl.SSLError, ValueError):
        raise CertificateError("holds no PEM certificate") from None


def _no_passphrase() -> str:
    """Keep OpenSSL from asking for one on the terminal."""
    raise CertificateError("is encrypted: remove its passphrase, nobody is there to type it")


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """Give the name of a file with this text, which is in memory alone."""
    descriptor = os.memfd_create("pem")
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


class _Element(NamedTuple):
    """A piece of ASN.1 in DER."""

    tag: int
    content: bytes


def _not_after(der: bytes) -> float:
    certificate = _elements(der)[0].content
    fields = _elements(_elements(certificate)[0].content)
    has_version = fields[0].tag == _VERSION
    validity = fields[has_version + len(_BEFORE_VALIDITY)]
    return _time(_elements(validity.content)[1])


def _elements(der: bytes) -> list[_Element]:
    found = []
    while der:
        tag, size, start = der[0], der[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        found.append(_Element(tag, der[start : start + size]))
        der = der[start + size :]
    return found


def _time(element: _Element) -> float:
    text = element.content.decode("ascii")
    if element.tag == _UTC_TIME:
        text = f"{'19' if text[:2] >= '50' else '20'}{text}"
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
