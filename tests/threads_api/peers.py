"""Peers other than Meta that a call may meet: a proxy, and hosts that do not do their part."""

import select
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from tests.threads_api.certificates import Certificate

_LONGEST_DRIP_SECONDS = 20.0


@contextmanager
def silent_host() -> Iterator[int]:
    """Listen on the port that is yielded, take connections, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def full_host(port: int = 0) -> Iterator[int]:
    """Listen on the port that is yielded, where no connection is taken any more."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", port), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 — it takes no keyword
            with suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield port


def connects_under_way(port: int) -> int:
    """Return how many sockets wait for their connection to the port, by Linux' own list."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(f":{port:04X} 02 " in line for line in table)


@contextmanager
def dripping_host(opening: bytes, drip: bytes, interval: float, at: int = 0) -> Iterator[int]:
    """Take connections, send the opening, and for a while a drip at each interval."""
    stopping = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(opening)
                end = time.monotonic() + _LONGEST_DRIP_SECONDS
                while time.monotonic() < end and not stopping.wait(interval):
                    self.request.sendall(drip)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    server = Server(("127.0.0.1", at), Handler)
    with server, _served(server) as port:
        try:
            yield port
        finally:
            stopping.set()


@contextmanager
def recording_host(answer: bytes, host: str = "127.0.0.1") -> Iterator[tuple[int, list[str]]]:
    """Send every caller the same answer; yield the port, and the heads of the requests."""
    heads: list[str] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heads.append(_read_head(self.request).decode())
            self.request.sendall(answer)

    class Server(socketserver.TCPServer):
        address_family = _family(host)

    with Server((host, 0), Handler) as server, _served(server) as port:
        yield port, heads


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Proxy(socketserver.ThreadingTCPServer):
    """A forward proxy, over TLS when given a certificate; it remembers what it was asked."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1", certificate: Certificate | None = None) -> None:
        self.address_family = _family(host)
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate, certificate.key)
        super().__init__((host, 0), _ProxiedConnection)

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve on the port that is yielded."""
        with self, _served(self) as port:
            yield port

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        return connection, address


class _ProxiedConnection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = cast("Proxy", self.server)
        head = _read_head(self.request)
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode().split(" ")
        proxy.asked.append(f"{method} {target}")
        proxy.heads.append(head)
        url = urlsplit(target if "://" in target else f"//{target}")
        with suppress(OSError), socket.create_connection((url.hostname, url.port)) as upstream:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                asked = f"{method} {url.path}?{url.query} {version}\r\n"
                upstream.sendall(asked.encode() + rest)
            self._relay(upstream)

    def _relay(self, upstream: socket.socket) -> None:
        others = {self.request: upstream, upstream: self.request}
        while True:
            for source in select.select(list(others), [], [], 5)[0]:
                data = source.recv(65536)
                if not data:
                    return
                others[source].sendall(data)


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(65536)
        if not received:
            break
        head += received
    return head


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
