"""TLS before HTTP begins; what secures a connection is asked for when the connection comes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import ClassVar

from exporter.config.web_settings import TlsSettings
from exporter.domain import ConnectionEnd
from exporter.web.protocol import (
    BoundedProtocol,
    ConnectionLimits,
    ConnectionTable,
    WebObserver,
)

_IP = "IP Address"
_COMPARED = ("DNS", "email", "URI", _IP)


class TlsProtocol(BoundedProtocol):
    """Has its place among the connections from its first moment, long before it is secured."""

    tls: ClassVar["staticmethod[[], TlsSettings]"]

    _securing: asyncio.Task[None] | None = None
    _early: bytearray | None = None

    # As in BoundedProtocol.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self._early = bytearray()
        if self.table.admit(self):
            # uvicorn ends what is among them when it stops, and waits for all else.
            self.connections.add(self)
            self._securing = self.loop.create_task(self._secure(transport, self.tls()))

    async def _secure(self, transport: asyncio.Transport, tls: TlsSettings) -> None:
        secured = None
        if not transport.is_closing():
            # Who shakes hands badly or not at all is none that the log should know of.
            with suppress(OSError):
                secured = await self._shake_hands(transport, tls)
        if secured is None or secured.is_closing():
            self.end(ConnectionEnd.HANDSHAKE)
            self.connections.discard(self)
        elif tls.allowed_sans is None or tls.allowed_sans & {*_names_of(secured)}:
            self._begin(secured)
        else:
            self.transport = secured
            self.end(ConnectionEnd.HANDSHAKE)

    async def _shake_hands(
        self, transport: asyncio.Transport, tls: TlsSettings
    ) -> asyncio.Transport | None:
        return await self.loop.start_tls(
            transport,
            self,
            tls.context,
            server_side=True,
            ssl_handshake_timeout=self.limits.handshake_deadline,
            ssl_shutdown_timeout=self.limits.handshake_deadline,
        )

    def _begin(self, secured: asyncio.Transport) -> None:
        early, self._early = self._early, None
        super().connection_made(secured)
        if early:
            super().data_received(bytes(early))

    def data_received(self, data: bytes) -> None:
        """Keep what comes with the end of the handshake until that has been looked at."""
        if self._early is None:
            super().data_received(data)
        else:
            self._early += data


def _names_of(secured: asyncio.Transport) -> Iterator[str]:
    """Yield the subject alternative names of the client's certificate, as Go writes them."""
    certificate: Mapping[str, tuple[tuple[str, str], ...]] = secured.get_extra_info("peercert")
    for kind, name in certificate.get("subjectAltName", ()):
        if kind in _COMPARED:
            yield str(ip_address(name)) if kind == _IP else name


def secured_protocol(
    of: ConnectionLimits, by: Callable[[], TlsSettings], observer: WebObserver
) -> type[TlsProtocol]:
    """Return the protocol of one server, as `bounded_protocol` does."""

    class ServerProtocol(TlsProtocol):
        limits = of
        table = ConnectionTable(of.connections, observer)
        tls = staticmethod(by)

    return ServerProtocol
