"""HTTP/1.1 connections that nobody can hold for long: uvicorn has no such bounds of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.domain import ConnectionEnd


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of connections; times in seconds.

    `handshake_deadline` is for TLS to be set up, and to be ended;
    `request_deadline` is for a whole request to arrive, from the connection or its first byte on,
    `response_deadline` for a client to take what does not fit its socket.
    """

    connections: int = 512
    handshake_deadline: float = 5.0
    request_deadline: float = 5.0
    response_deadline: float = 30.0
    keep_alive: int = 30
    head_bytes: int = 16 * 1024

    def within(self, descriptors: int) -> "ConnectionLimits":
        """Leave half of the process's file descriptors to the polls; below 0 they have no end."""
        if descriptors < 0:
            return self
        return replace(self, connections=min(self.connections, descriptors // 2))


class WebObserver(Protocol):
    """Takes note of connections and requests; called in the event loop."""

    def connection_opened(self) -> None: ...

    def connection_closed(self) -> None: ...

    def connection_ended(self, reason: ConnectionEnd) -> None:
        """Take note that the exporter, not the client, ended a connection."""
        ...

    def request_arrived(self) -> None: ...

    def request_answered(self) -> None: ...


class Unobserved(WebObserver):
    """Takes note of nothing."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told what a server does.

    `beat` is called several times a second for as long as its event loop goes round.
    """

    observer: WebObserver = field(default_factory=Unobserved)
    beat: Callable[[], object] = lambda: None


@dataclass(slots=True)
class ConnectionTable:
    """The open connections of a server, oldest first."""

    limit: int
    observer: WebObserver = field(default_factory=Unobserved)
    _open: dict["BoundedProtocol", None] = field(default_factory=dict)

    def admit(self, newcomer: "BoundedProtocol") -> bool:
        """Take a connection in, or end it where there is no room.

        A full table has room if a connection waits for its client: the oldest of those is ended.
        """
        if newcomer in self._open:
            return True
        if len(self._open) >= self.limit:
            waiting = next((one for one in self._open if one.waits_for_client), None)
            if waiting is None:
                self.observer.connection_ended(ConnectionEnd.FULL)
                newcomer.transport.abort()
                return False
            self.end(waiting, ConnectionEnd.EVICTED)
        self._open[newcomer] = None
        self.observer.connection_opened()
        return True

    def end(self, connection: "BoundedProtocol", reason: ConnectionEnd) -> None:
        """Close a connection at once, unless it is closed already."""
        if self.forget(connection):
            self.observer.connection_ended(reason)
        connection.transport.abort()

    def forget(self, connection: "BoundedProtocol") -> bool:
        """Return whether the connection was open until now."""
        if connection not in self._open:
            return False
        del self._open[connection]
        self.observer.connection_closed()
        return True


class BoundedProtocol(H11Protocol):
    limits: ClassVar[ConnectionLimits]
    table: ClassVar[ConnectionTable]

    _request_timer: asyncio.TimerHandle | None = None
    _response_timer: asyncio.TimerHandle | None = None

    @property
    def waits_for_client(self) -> bool:
        """Tell whether it is the client's turn: to ask, to ask on, or to take the answer."""
        answered = self.cycle is None or self.cycle.response_complete
        return answered or self._request_arrives() or self._response_timer is not None

    def end(self, reason: ConnectionEnd) -> None:
        self.table.end(self, reason)

    # uvicorn narrows asyncio's BaseTransport itself, and says so with the same exemption.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # By default, the last 64 kB of an answer could stay untaken with nobody noticing.
        transport.set_write_buffer_limits(high=1, low=0)
        if self.table.admit(self):
            self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self.table.forget(self)
        self._stop_watching_request()
        self._stop_watching_response()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self._request_arrives():
            self._watch_request()
        else:
            self._stop_watching_request()

    def _request_arrives(self) -> bool:
        if self.conn.their_state is h11.IDLE:
            return bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def on_response_complete(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._response_timer = self.loop.call_later(
            self.limits.response_deadline, self.end, ConnectionEnd.RESPONSE
        )

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching_response()

    def _watch_request(self) -> None:
        if self._request_timer is None:
            self._request_timer = self.loop.call_later(
                self.limits.request_deadline, self.end, ConnectionEnd.REQUEST
            )

    def _stop_watching_request(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _stop_watching_response(self) -> None:
        if self._response_timer is not None:
            self._response_timer.cancel()
            self._response_timer = None


def bounded_protocol(of: ConnectionLimits, observer: WebObserver) -> type[BoundedProtocol]:
    """Return the protocol of one server: uvicorn makes its instances and passes no arguments on."""

    class ServerProtocol(BoundedProtocol):
        limits = of
        table = ConnectionTable(of.connections, observer)

    return ServerProtocol
