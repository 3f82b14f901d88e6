"""What a value of the web configuration file may be; the checks are as those in `fields`."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from ssl import TLSVersion
from typing import Annotated, Final

from pydantic import PlainValidator

from exporter.config.fields import check_string, check_text
from exporter.secret import Secret

MOST_COST: Final = 18
"""A check of one more would take half a minute."""

HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that may be set, with the values that each may have; none listed means any."""

# Go's names for what its tls.CipherSuites lists, and OpenSSL's.
CIPHER_SUITES: Final[Mapping[str, str]] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
TLS13_SUITES: Final = frozenset(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
)

CURVES: Final[Mapping[str, str]] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}

_VERSIONS: Mapping[str, TLSVersion] = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_BROKEN_VERSIONS = ("TLS10", "TLS11")

_HASH = re.compile(r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}")
_PIECE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_HEADER_VALUE = re.compile(r"[ -~]*")


def check_tls_version(value: object) -> TLSVersion:
    text = check_string(value)
    if text in _BROKEN_VERSIONS:
        raise ValueError("is a version of TLS that is broken and not served: write TLS12 or TLS13")
    if text not in _VERSIONS:
        raise ValueError("must be TLS12 or TLS13")
    return _VERSIONS[text]


def check_header_name(value: object) -> str:
    text = check_string(value)
    if text not in HEADERS:
        raise ValueError(f"this header cannot be set; those that can are {', '.join(HEADERS)}")
    return text


def check_header_value(value: object) -> str:
    """Return the text; a bare number is one too, for `X-XSS-Protection: 0`."""
    text = str(value) if type(value) is int else "" if value is None else check_string(value)
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError("holds a control or a non-ASCII character: remove it")
    return text


def check_user_name(value: object) -> str:
    text = check_text(value)
    if ":" in text:
        raise ValueError("holds a colon, which no name of basic authentication can: remove it")
    return text


def check_password_hash(value: object) -> Secret:
    text = check_string(value)
    if not _HASH.fullmatch(text):
        raise ValueError("is no bcrypt hash: make one with htpasswd -nBC 10 NAME")
    if not 4 <= cost_of(Secret(text)) <= MOST_COST:
        raise ValueError(f"has a cost out of bounds: make a hash with one from 4 to {MOST_COST}")
    return Secret(text)


def cost_of(hashed: Secret) -> int:
    """Return how many times, as a power of two, a check of the hash goes round."""
    return int(hashed.reveal()[4:6])


def check_go_duration(value: object) -> float:
    """Return seconds for what Go's time.ParseDuration reads, as `1.5s` or `1m30s`, and for 0."""
    is_zero = value == "0" or (type(value) is int and value == 0)
    text = "0s" if is_zero else value
    pieces = list(_PIECE.finditer(text)) if isinstance(text, str) else []
    if not pieces or "".join(piece[0] for piece in pieces) != text:
        raise ValueError("is not a duration: write a number with its unit, such as 500ms, 1s or 1m")
    return sum(float(piece[1]) * _UNITS[piece[2]] for piece in pieces)


def check_pem(value: object) -> str:
    text = check_string(value)
    if not text:
        raise ValueError("is empty: write it in PEM, or remove the key")
    return text


def check_pem_secret(value: object) -> Secret:
    return Secret(check_pem(value))


def one_of(known: Collection[str], noun: str) -> PlainValidator:
    def check(value: object) -> str:
        text = check_string(value)
        if text in known:
            return text
        close = get_close_matches(text, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"the known ones are {', '.join(known)}"
        raise ValueError(f"is no {noun}; {hint}")

    return PlainValidator(check)


CipherSuite = Annotated[str, one_of((*CIPHER_SUITES, *TLS13_SUITES), "cipher suite")]
Curve = Annotated[str, one_of(CURVES, "curve")]
HeaderName = Annotated[str, PlainValidator(check_header_name)]
HeaderValue = Annotated[str, PlainValidator(check_header_value)]
UserName = Annotated[str, PlainValidator(check_user_name)]
PasswordHash = Annotated[Secret, PlainValidator(check_password_hash)]
GoDuration = Annotated[float, PlainValidator(check_go_duration)]
Pem = Annotated[str, PlainValidator(check_pem)]
PemSecret = Annotated[Secret, PlainValidator(check_pem_secret)]
