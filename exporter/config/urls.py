"""The URLs that the configuration may name; no message quotes one, it may hold a password."""

import re
from collections.abc import Collection
from ipaddress import ip_address
from os import fsencode
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

SQLITE: Final = "sqlite://"

_PRINTABLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")


def https_url(text: str) -> str:
    """Return the URL without its last slash; raises ValueError. Plain http is for loopback."""
    url = _split(text, ("https", "http"))
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        raise ValueError("must begin with https://; http:// is for this machine's loopback alone")
    if "?" in text:
        raise ValueError("must have no ?query")
    return text.rstrip("/")


def https_url_with_query(text: str) -> str:
    """Return the URL as it is; raises ValueError. Plain http is for loopback."""
    https_url(text.partition("?")[0])
    return _split(text, ("https", "http")).geturl()


def proxy_url(text: str) -> str:
    """Return the URL without its last slash; raises ValueError."""
    url = _split(text, ("http", "https"))
    if url.path not in ("", "/") or "?" in text:
        raise ValueError("must be http:// or https://, a host and a port, with nothing behind them")
    return text.rstrip("/")


def store_url(text: str) -> str:
    """Return the URL as it is; raises ValueError. SQLite must be kept in a file."""
    if not _PRINTABLE.fullmatch(text) or not re.match(r"(sqlite|postgresql\+psycopg)://", text):
        raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
    if text.startswith(SQLITE) and not _is_file(text.removeprefix(SQLITE)):
        raise ValueError(
            "must name a file, sqlite:///FILE, with nothing behind it; "
            "what is in memory would be lost at a restart"
        )
    return text


def absolute_store_url(text: str, folder: Path) -> str:
    """Return the URL with the path of a SQLite file, as seen from the folder, from the root."""
    if not text.startswith(SQLITE):
        return text
    file = folder / unquote(text.removeprefix(f"{SQLITE}/"))
    return f"{SQLITE}/{quote(fsencode(file))}"


def holds_password(text: str) -> bool:
    return re.search(r"://[^:/@]*:.*@|[?&]password=", text) is not None


def mask_url(text: str, mask: str) -> str:
    """Return the text, if it is a URL, with its password and its query masked."""
    text = re.sub(r"(://[^:/@]*:).*(?=@)", rf"\1{mask}", text)
    return re.sub(r"(://[^?]*\?).*", rf"\1{mask}", text)


def _split(text: str, schemes: Collection[str]) -> SplitResult:
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        raise ValueError("must be a URL, without blanks and backslashes")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("has no valid host and port") from None
    if url.scheme not in schemes:
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in url.netloc:
        raise ValueError("must hold no user name and no password")
    if "#" in text:
        raise ValueError("must have no #fragment")
    if port == 0 or not _is_host(url.hostname or ""):
        raise ValueError("has no valid host and port")
    return url


def _is_file(text: str) -> bool:
    path = unquote(text)
    is_one = path.startswith("/") and not path.endswith(("/", "/.", "/..", ":memory:"))
    return is_one and "?" not in text and path.isprintable()


def _is_host(host: str) -> bool:
    return ":" in host or _HOST_NAME.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
