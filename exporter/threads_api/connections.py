"""Connections whose every step, from the name's look-up on, ends with the call's deadline."""

import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import (
    BaseHTTPResponse,
    HTTPConnectionPool,
    HTTPSConnectionPool,
    PoolManager,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool

from exporter.threads_api.deadline import Deadline, Line
from exporter.threads_api.network import Network
from exporter.threads_api.resolver import Address

LONGEST_IDLE_SECONDS = 30.0
"""Servers and NAT drop connections that idle: a call sent as one is dropped would be lost."""


class Connector:
    """Opens sockets within the calling thread's deadline."""

    def __init__(self, network: Network) -> None:
        self._deadlines = network.deadlines
        self._resolver = network.resolver

    def connect(self, host: str, port: int) -> tuple[socket.socket, Line]:
        """Return a connected socket and its line, which is watched.

        Raises socket.gaierror, TimeoutError, OSError.
        """
        deadline = self._deadlines.current
        addresses = self._resolver.resolve(host, port, deadline.remaining())
        failure: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
        for tried, address in enumerate(addresses):
            share = deadline.remaining() / (len(addresses) - tried)
            try:
                return _connect(address, share, deadline)
            except OSError as error:
                failure = error
        raise failure

    def reuse(self, line: Line) -> None:
        self._deadlines.current.watch(line)

    def let_go(self, line: Line) -> None:
        self._deadlines.let_go(line)


def _connect(address: Address, timeout: float, deadline: Deadline) -> tuple[socket.socket, Line]:
    family, kind, protocol, _, socket_address = address
    sock = socket.socket(family, kind, protocol)
    line = Line(sock)
    try:
        deadline.watch(line)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout or 0.001)
        sock.connect(socket_address)
        deadline.check()
    except BaseException:
        sock.close()
        line.close()
        raise
    return sock, line


class SteadySocket(ssl.SSLSocket):
    """A TLS socket that urllib3 may set the same timeout on again and again at no cost."""

    def settimeout(self, value: float | None) -> None:
        if value != self.gettimeout():
            super().settimeout(value)


class _Watched(HTTPConnection):
    connector: ClassVar[Connector]
    _line: Line | None = None
    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used_at < LONGEST_IDLE_SECONDS and super().is_connected

    def _new_conn(self) -> socket.socket:
        # A proxy's IPv6 address still has its brackets here.
        sock, self._line = self.connector.connect(self._dns_host.strip("[]"), self.port)
        return sock

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None and self._line is not None:
            self.connector.reuse(self._line)
        self._used_at = time.monotonic()
        super().request(*args, **options)

    def close(self) -> None:
        super().close()
        line, self._line = self._line, None
        if line is not None:
            self.connector.let_go(line)


class GuardedAdapter(HTTPAdapter):
    """requests' adapter with watched connections and one TLS context for all of them."""

    def __init__(self, connector: Connector, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._pool_classes = _pool_classes(connector)
        self._pools: dict[str, ConnectionPool] = {}
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **options)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **options: object) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **options
        )
        manager.pool_classes_by_scheme = self._pool_classes
        return manager

    def get_connection_with_tls_context(
        self, request: PreparedRequest, *args: Any, **options: Any
    ) -> ConnectionPool:
        """Return the origin's pool, looked up once: requests would at each call."""
        origin = "/".join(str(request.url).split("/", 3)[:3])
        if origin not in self._pools:
            pool = super().get_connection_with_tls_context(request, *args, **options)
            self._pools[origin] = pool
        return self._pools[origin]

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return what to ask the server for; requests would parse the URL twice for it."""
        if proxies:
            return super().request_url(request, proxies)
        return "/" + str(request.url).split("/", 3)[3]

    def close(self) -> None:
        self._pools.clear()
        super().close()

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Return what is read of an answer: requests would look for cookies and an encoding."""
        response = Response()
        response.request = req
        response.status_code = resp.status
        response.raw = resp
        return response

    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """Leave the TLS context alone: requests would load its CA file for each connection."""


def _pool_classes(shared: Connector) -> dict[str, type]:
    class Plain(_Watched):
        connector = shared

    class Tls(_Watched, HTTPSConnection):
        connector = shared

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
