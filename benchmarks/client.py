"""A client that costs next to nothing: what it measures is the server."""

import http.client
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
"""The Accept header of a Prometheus server."""

_BUFFER_BYTES = 1 << 20
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a GET went, from the request's first byte to the answer's last."""

    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server on this machine listens."""

    port: int
    host: str = "127.0.0.1"

    def fetch(self, path: str, headers: Mapping[str, str]) -> Fetched:
        """Time a GET on a new connection, whose body is thrown away."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n{lines}\r\n"
        buffer = bytearray(_BUFFER_BYTES)
        with socket.create_connection((self.host, self.port), _TIMEOUT_SECONDS) as connection:
            started = time.perf_counter()
            connection.sendall(request.encode("ascii"))
            size = connection.recv_into(buffer)
            if buffer.split(b" ", 2)[1] != b"200":
                raise RuntimeError(f"{path} was answered {bytes(buffer[:200])!r}")
            while got := connection.recv_into(buffer):
                size += got
            return Fetched(time.perf_counter() - started, size)

    def scrape(self, encoding: str) -> Fetched:
        """Time a scrape as Prometheus makes it; `encoding` is gzip or identity."""
        return self.fetch("/metrics", {"Accept": OPENMETRICS, "Accept-Encoding": encoding})

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Return the status and the body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
