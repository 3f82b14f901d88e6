"""A TCP proxy between an exporter and the simulator, on whose way all goes wrong that is asked."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CHUNK = 65_536


class Link:
    """A caller's connection; the one to the server is opened when something is passed on.

    `sent` is all that the caller sent, `passed` how much of the answer it got since it last did.
    """

    def __init__(self, caller: socket.socket, proxy: "FaultProxy") -> None:
        self.sent = bytearray()
        self.passed = 0
        self._caller = caller
        self._proxy = proxy
        self._server: socket.socket | None = None

    def to_server(self, data: bytes) -> None:
        if self._server is None:
            self._server = socket.create_connection(("127.0.0.1", self._proxy.upstream))
            threading.Thread(target=self._relay_answers, args=(self._server,), daemon=True).start()
        self._server.sendall(data)

    def to_caller(self, data: bytes) -> None:
        self._caller.sendall(data)
        self.passed += len(data)

    def pause(self, seconds: float) -> None:
        """Wait; raises ConnectionAbortedError once the proxy stops."""
        if self._proxy.stopping.wait(seconds):
            raise ConnectionAbortedError

    def end(self) -> None:
        """Send the caller no more, but go on listening to it."""
        self._caller.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for sock in filter(None, (self._caller, self._server)):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        self._caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._caller.close()
        raise ConnectionAbortedError

    def relay(self) -> None:
        with suppress(OSError):
            while data := self._caller.recv(_CHUNK):
                self.sent += data
                self.passed = 0
                self._proxy.fault.sent(data, self)
        self.close()
        if self._server is not None:
            self._server.close()

    def _relay_answers(self, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(_CHUNK):
                self._proxy.fault.answered(data, self)
        self.close()


class Fault:
    """What happens on the way; nothing does, unless a kind of fault says so."""

    def sent(self, data: bytes, link: Link) -> None:
        link.to_server(data)

    def answered(self, data: bytes, link: Link) -> None:
        link.to_caller(data)


@dataclass(frozen=True)
class Latency(Fault):
    seconds: float

    def answered(self, data: bytes, link: Link) -> None:
        link.pause(self.seconds)
        link.to_caller(data)


@dataclass(frozen=True)
class Drip(Fault):
    """The answer byte by byte."""

    interval: float = 0.5

    def answered(self, data: bytes, link: Link) -> None:
        for byte in data:
            link.pause(self.interval)
            link.to_caller(bytes([byte]))


@dataclass(frozen=True)
class DrippingRequest(Fault):
    interval: float = 0.5

    def sent(self, data: bytes, link: Link) -> None:
        for byte in data:
            link.pause(self.interval)
            link.to_server(bytes([byte]))


@dataclass(frozen=True)
class Truncation(Fault):
    """The first bytes of the answer, and the end of the connection."""

    after: int

    def answered(self, data: bytes, link: Link) -> None:
        link.to_caller(data[: max(self.after - link.passed, 0)])
        if link.passed >= self.after:
            link.close()


@dataclass(frozen=True)
class Reset(Fault):
    def sent(self, data: bytes, link: Link) -> None:
        del data
        link.reset()


@dataclass(frozen=True)
class BlackHole(Fault):
    """Whatever is sent is taken, and nothing comes back."""

    def sent(self, data: bytes, link: Link) -> None:
        """Let it vanish."""

    def answered(self, data: bytes, link: Link) -> None:
        """Let it vanish."""


@dataclass(frozen=True)
class HalfClose(Fault):
    def sent(self, data: bytes, link: Link) -> None:
        del data
        link.end()


@dataclass(frozen=True)
class Garbage(Fault):
    content: bytes = b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n"

    def sent(self, data: bytes, link: Link) -> None:
        del data
        link.to_caller(self.content)
        link.close()


TLS_ABORT = Garbage(b"\x15\x03\x03\x00\x02\x02\x28")
"""The alert `handshake_failure` in answer to a TLS ClientHello."""


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024
    proxy: "FaultProxy"

    def handle_error(self, request: object, client_address: object) -> None:
        """Let callers pass in silence that leave, or that a fault drops."""


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = cast("_Listener", self.server).proxy
        link = Link(self.request, proxy)
        proxy.links.append(link)
        link.relay()


class FaultProxy:
    """Relays to a port of this host; `fault` may change at any time, and for what is open too.

    `links` are all connections that there were.
    """

    def __init__(self, upstream: int, fault: Fault | None = None, port: int = 0) -> None:
        self.upstream = upstream
        self.fault = fault or Fault()
        self.links: list[Link] = []
        self.stopping = threading.Event()
        self.port = port

    @property
    def sent(self) -> bytes:
        """What all callers sent."""
        return b"".join(bytes(link.sent) for link in self.links)

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/v1.0"

    def cut(self) -> None:
        """End all connections; what comes after may have another upstream."""
        for link in tuple(self.links):
            link.close()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take connections in the block; after it, as before, they are refused."""
        self.stopping.clear()
        with _Listener(("127.0.0.1", self.port), _Connection) as listener:
            listener.proxy = self
            self.port = listener.server_address[1]
            thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield
            finally:
                self.stopping.set()
                listener.shutdown()
                thread.join()
                self.cut()
