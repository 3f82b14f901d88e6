"""Connections whose every step, from the name's look-up on, ends with the call's deadline."""

import socket
import ssl
import time
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from exporter.threads_api.deadline import Deadline
from exporter.threads_api.network import Network
from exporter.threads_api.resolver import Address

LONGEST_IDLE_SECONDS = 30.0
"""Servers and NAT drop connections that idle: a call sent as one is dropped would be lost."""


class Connector:
    """Opens sockets within the calling thread's deadline."""

    def __init__(self, network: Network) -> None:
        self._deadlines = network.deadlines
        self._resolver = network.resolver

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connected, watched socket; raises socket.gaierror, TimeoutError, OSError."""
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

    def reuse(self, sock: socket.socket) -> None:
        self._deadlines.current.watch(sock)


def _connect(address: Address, timeout: float, deadline: Deadline) -> socket.socket:
    family, kind, protocol, _, socket_address = address
    sock = socket.socket(family, kind, protocol)
    try:
        deadline.watch(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout or 0.001)
        sock.connect(socket_address)
        deadline.check()
    except BaseException:
        sock.close()
        raise
    return sock


class _Watched(HTTPConnection):
    connector: ClassVar[Connector]
    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used_at < LONGEST_IDLE_SECONDS and super().is_connected

    def _new_conn(self) -> socket.socket:
        # A proxy's IPv6 address still has its brackets here.
        return self.connector.connect(self._dns_host.strip("[]"), self.port)

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            self.connector.reuse(self.sock)
        self._used_at = time.monotonic()
        super().request(*args, **options)


class GuardedAdapter(HTTPAdapter):
    """requests' adapter with watched connections and one TLS context for all of them."""

    def __init__(self, connector: Connector, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._pool_classes = _pool_classes(connector)
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
