"""One GET, to Meta or to who lists accounts: what came back, or why nothing usable did."""

import http.client
import logging
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

import certifi
import requests
import urllib3
import urllib3.exceptions

from exporter.domain import FailureReason
from exporter.secret import Secret
from exporter.threads_api.connections import Connector, GuardedAdapter, SteadySocket
from exporter.threads_api.network import Network

MAX_BODY_BYTES = 1 << 20
"""A thousand times the longest answer that Meta documents."""

_READ_BYTES = 16 << 10
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

# They warn of headers that they cannot parse, with the call's URL, where a token may stand.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class NoAnswerError(Exception):
    """No answer that could be read; of the cause, which may show a token, only the reason."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back; Meta may repeat the token in it, so that only the status is shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


_REASONS: tuple[tuple[type[BaseException], FailureReason], ...] = (
    (socket.gaierror, FailureReason.DNS),
    (UnicodeError, FailureReason.DNS),
    (ssl.SSLError, FailureReason.TLS),
    (TimeoutError, FailureReason.TIMEOUT),
    (urllib3.exceptions.InvalidChunkLength, FailureReason.MALFORMED),
    (http.client.IncompleteRead, FailureReason.TRUNCATED),
    (http.client.RemoteDisconnected, FailureReason.TRUNCATED),
    (urllib3.exceptions.DecodeError, FailureReason.MALFORMED),
    (urllib3.exceptions.InvalidHeader, FailureReason.MALFORMED),
    (http.client.BadStatusLine, FailureReason.MALFORMED),
    (http.client.UnknownProtocol, FailureReason.MALFORMED),
    (http.client.HTTPException, FailureReason.TOO_LARGE),
    (OSError, FailureReason.CONNECT),
    (urllib3.exceptions.ProtocolError, FailureReason.TRUNCATED),
)
"""The first row that fits the innermost cause; the standard library's last HTTPExceptions are
those for too long a line and for too many headers."""


class HttpTransport:
    """Sends GET requests, each within a total deadline; an adapter per thread.

    The adapter is requests' without its session, which would follow redirects, keep cookies and
    prepare each request at length.
    """

    def __init__(
        self,
        *,
        network: Network,
        timeout: float,
        user_agent: str,
        ca_file: Path | None = None,
        proxy_url: str | None = None,
    ) -> None:
        self._deadlines = network.deadlines
        self._timeout = timeout
        self._user_agent = user_agent
        self._proxies = {"http": proxy_url, "https": proxy_url} if proxy_url else {}
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())
        self._tls.sslsocket_class = SteadySocket
        self._connector = Connector(network)
        self._local = threading.local()
        self._adapters: weakref.WeakSet[GuardedAdapter] = weakref.WeakSet()
        self._adapters_lock = threading.Lock()

    def get(
        self,
        url: str,
        query: Mapping[str, str],
        bearer: Secret | None,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> HttpAnswer:
        """Return the answer, an error's too; raises NoAnswerError."""
        # Meta takes commas as they are, and urllib3 is quick with a URL that has no "%" in it.
        whole = f"{url}?{urlencode(query, safe=',')}".removesuffix("?")
        request = _prepared(whole, self._headers(bearer, headers))
        with self._deadlines.limit(self._timeout) as deadline:
            try:
                answer = self._exchange(request, max_body_bytes)
            except Exception as error:  # noqa: BLE001 — whatever it is, its text may hold the token
                failure: FailureReason | None = _reason(error)
            else:
                failure = _distrust(answer)
            if deadline.passed:
                failure = FailureReason.TIMEOUT
        if failure is not None:
            raise NoAnswerError(failure)
        return answer

    def close(self) -> None:
        """Close the connections that no call is using."""
        with self._adapters_lock:
            adapters = tuple(self._adapters)
        for adapter in adapters:
            adapter.close()

    def _headers(self, bearer: Secret | None, more: Mapping[str, str]) -> Mapping[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **more,
        }
        return headers | {"Authorization": f"Bearer {bearer.reveal()}"} if bearer else headers

    def _exchange(self, request: requests.PreparedRequest, most: int) -> HttpAnswer:
        # No timeout beside the deadline, which cuts the connection: that would cost a poll(2) each
        # time that something is sent or read.
        with self._adapter().send(request, stream=True, proxies=self._proxies) as response:
            body = b"".join(_capped(response.raw, most))
            return HttpAnswer(response.status_code, response.raw.headers, body)

    def _adapter(self) -> GuardedAdapter:
        adapter = getattr(self._local, "adapter", None)
        if not isinstance(adapter, GuardedAdapter):
            adapter = self._local.adapter = GuardedAdapter(self._connector, self._tls)
            with self._adapters_lock:
                self._adapters.add(adapter)
        return adapter


def _prepared(url: str, headers: Mapping[str, str]) -> requests.PreparedRequest:
    """Return a request as it is: requests' own preparation costs more than the call."""
    request = requests.PreparedRequest()
    request.method = "GET"
    request.url = url
    request.headers = requests.structures.CaseInsensitiveDict(headers)
    return request


class _TooLargeError(Exception):
    pass


def _capped(response: urllib3.BaseHTTPResponse, most: int) -> Iterator[bytes]:
    total = 0
    for chunk in response.stream(_READ_BYTES, decode_content=True):
        total += len(chunk)
        if total > most:
            raise _TooLargeError
        yield chunk


def _distrust(answer: HttpAnswer) -> FailureReason | None:
    # http.client takes a connection that ends within the headers for a whole, empty 200.
    if answer.status == http.HTTPStatus.OK and not answer.body:
        return FailureReason.TRUNCATED
    return None


def _reason(error: BaseException) -> FailureReason:
    if isinstance(error, _TooLargeError):
        return FailureReason.TOO_LARGE
    for cause in reversed(tuple(_causes(error))):
        for kind, reason in _REASONS:
            if isinstance(cause, kind) and not isinstance(cause, requests.RequestException):
                return reason
    return FailureReason.INTERNAL


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it wraps, which urllib3 keeps in `args` and `reason` too."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = (current.__cause__, current.__context__, getattr(current, "reason", None))
        waiting.extend(item for item in (*inner, *current.args) if isinstance(item, BaseException))
