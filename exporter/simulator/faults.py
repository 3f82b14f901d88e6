"""What can go wrong between Meta and a caller; each fault is a small value to inject.

A `graph.GraphError` is a fault too: injected, it is answered in place of the truth.
"""

import json
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from exporter.simulator.graph import GraphError
from exporter.simulator.messages import HTML, JSON, Answer, Request, Wire

_CHUNK = 65_536
_CHUNKED = ("Transfer-Encoding", "chunked")


class Fault(Protocol):
    def alter(self, answer: Answer, request: Request) -> Answer:
        """Return the answer that is sent instead."""
        ...


@dataclass(frozen=True, slots=True)
class Canned:
    """Any status, body and headers."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        return replace(
            answer,
            status=self.status,
            body=self.body,
            content_type=self.content_type,
            headers=(*answer.headers, *self.headers),
        )


def html_page(status: int = 502) -> Canned:
    page = (
        f"<!DOCTYPE html><html><head><title>Error {status}</title></head><body>Sorry</body></html>"
    )
    return Canned(status, page.encode(), HTML)


def json_body(content: object, status: int = 200) -> Canned:
    return Canned(status, json.dumps(content).encode())


def raw_body(body: str | bytes, status: int = 200) -> Canned:
    return Canned(status, body if isinstance(body, bytes) else body.encode())


def no_body(status: int = 200) -> Canned:
    return Canned(status)


def too_many_requests(retry_after: str | None = None, body: bytes = b"{}") -> Canned:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Canned(429, body, headers=headers)


def redirect(location: str, status: int = 302) -> Canned:
    return Canned(status, content_type=HTML, headers=(("Location", location),))


def oauth_error(code: int = 400, message: str = "Matching code was not found") -> Canned:
    """Return an error in the shape of Meta's OAuth endpoints."""
    return json_body(
        {"error_type": "OAuthException", "code": code, "error_message": message}, status=400
    )


def authorize_error(code: int = 1349245, message: str = "Invalid request") -> Canned:
    """Return an error in the shape of Meta's authorization page."""
    return json_body({"error_message": message, "error_code": code}, status=400)


@dataclass(frozen=True, slots=True)
class ExtraHeaders:
    """The true answer, with headers added; the text of a header may be anything in Latin-1."""

    headers: tuple[tuple[str, str], ...]

    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        return replace(answer, headers=(*answer.headers, *self.headers))


def app_usage(usage: Mapping[str, float] | str) -> ExtraHeaders:
    """Return the X-App-Usage header, of percentages by resource or of any text."""
    text = usage if isinstance(usage, str) else json.dumps(usage)
    return ExtraHeaders((("X-App-Usage", text),))


def business_usage(usage: Mapping[str, object] | str) -> ExtraHeaders:
    text = usage if isinstance(usage, str) else json.dumps(usage)
    return ExtraHeaders((("X-Business-Use-Case-Usage", text),))


def retry_after(text: str) -> ExtraHeaders:
    return ExtraHeaders((("Retry-After", text),))


@dataclass(frozen=True, slots=True)
class EchoedToken:
    """An error whose message holds the caller's own token, as Meta has been seen to do."""

    def alter(self, answer: Answer, request: Request) -> Answer:
        error = GraphError(190, f"Malformed access token {request.token}")
        return error.alter(answer, request)


@dataclass(frozen=True, slots=True)
class _Delivered(ABC):
    """A fault in the way an answer is sent; the answer itself stays as it is."""

    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        return replace(answer, delivery=self)

    @abstractmethod
    def deliver(self, answer: Answer, wire: Wire) -> None: ...


@dataclass(frozen=True, slots=True)
class _Silent(_Delivered):
    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        return replace(answer, delivery=self, silent=True)


@dataclass(frozen=True, slots=True)
class Latency(_Delivered):
    """The answer after `seconds` of real time."""

    seconds: float

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.pause(self.seconds)
        wire.send(answer.head() + answer.body)


@dataclass(frozen=True, slots=True)
class Hang(_Silent):
    """No answer before `Simulator.release_hung`."""

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.wait_for_release()
        wire.send(answer.head() + answer.body)


@dataclass(frozen=True, slots=True)
class DrippingHeaders(_Delivered):
    """The head of the answer byte by byte, `interval` seconds of real time apart."""

    interval: float = 0.5

    def deliver(self, answer: Answer, wire: Wire) -> None:
        _drip(answer.head(), wire, self.interval)
        wire.send(answer.body)


@dataclass(frozen=True, slots=True)
class DrippingBody(_Delivered):
    """The body of the answer byte by byte, `interval` seconds of real time apart."""

    interval: float = 0.5

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.send(answer.head())
        _drip(answer.body, wire, self.interval)


def _drip(data: bytes, wire: Wire, interval: float) -> None:
    for position in range(len(data)):
        wire.send(data[position : position + 1])
        wire.pause(interval)


@dataclass(frozen=True, slots=True)
class TruncatedBody(_Delivered):
    """The first `sent` bytes of a body whose Content-Length promises all, then the end."""

    sent: int = 10

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.send(answer.head() + answer.body[: self.sent])
        wire.close()


@dataclass(frozen=True, slots=True)
class EofInHeaders(_Silent):
    """The end of the connection in the middle of the headers."""

    def deliver(self, answer: Answer, wire: Wire) -> None:
        head = answer.head()
        wire.send(head[: len(head) // 2])
        wire.close()


@dataclass(frozen=True, slots=True)
class ConnectionReset(_Silent):
    def deliver(self, answer: Answer, wire: Wire) -> None:
        del answer
        wire.reset()


@dataclass(frozen=True, slots=True)
class Garbage(_Silent):
    """Bytes that are no HTTP."""

    content: bytes = field(default=b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")

    def deliver(self, answer: Answer, wire: Wire) -> None:
        del answer
        wire.send(self.content)
        wire.close()


@dataclass(frozen=True, slots=True)
class OversizedBody(_Delivered):
    """A JSON body of `size` bytes, streamed in chunks with no Content-Length."""

    size: int = 64 * 1024 * 1024

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.send(answer.head(_CHUNKED))
        _send_chunked(_filler(self.size), wire)


@dataclass(frozen=True, slots=True)
class GzipBomb(_Delivered):
    """A JSON body of `size` bytes that is a thousand times smaller on the wire."""

    size: int = 512 * 1024 * 1024

    def deliver(self, answer: Answer, wire: Wire) -> None:
        wire.send(answer.head(_CHUNKED, ("Content-Encoding", "gzip")))
        _send_chunked(_gzipped(_filler(self.size)), wire)


def _filler(size: int) -> Iterator[bytes]:
    opening, closing = b'{"data": "', b'"}'
    yield opening
    left = size - len(opening) - len(closing)
    while left > 0:
        yield b"x" * min(left, _CHUNK)
        left -= _CHUNK
    yield closing


def _gzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def _send_chunked(parts: Iterator[bytes], wire: Wire) -> None:
    for part in filter(None, parts):
        wire.send(b"%x\r\n%b\r\n" % (len(part), part))
    wire.send(b"0\r\n\r\n")
