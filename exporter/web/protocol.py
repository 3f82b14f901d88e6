"""HTTP/1.1 connections that nobody can hold for long: uvicorn has no such bounds of its own."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of connections; times in seconds.

    `request_deadline` is for a whole request to arrive, from the connection or its first byte on,
    `response_deadline` for a client to take what does not fit its socket.
    """

    connections: int = 512
    request_deadline: float = 5.0
    response_deadline: float = 30.0
    keep_alive: int = 30
    head_bytes: int = 16 * 1024

    def within(self, descriptors: int) -> "ConnectionLimits":
        """Leave half of the process's file descriptors to the polls; below 0 they have no end."""
        if descriptors < 0:
            return self
        return replace(self, connections=min(self.connections, descriptors // 2))


@dataclass(slots=True)
class ConnectionTable:
    """The open connections of a server, oldest first."""

    limit: int
    _open: dict["BoundedProtocol", None] = field(default_factory=dict)

    def admit(self, newcomer: "BoundedProtocol") -> bool:
        """Take a connection in, closing the oldest idle one for it when the table is full."""
        if len(self._open) >= self.limit:
            idle = next((connection for connection in self._open if connection.is_idle), None)
            if idle is None:
                return False
            idle.cut()
        self._open[newcomer] = None
        return True

    def forget(self, connection: "BoundedProtocol") -> None:
        self._open.pop(connection, None)


class BoundedProtocol(H11Protocol):
    limits: ClassVar[ConnectionLimits]
    table: ClassVar[ConnectionTable]

    _request_timer: asyncio.TimerHandle | None = None
    _response_timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether no request is being answered, nor an answer still on its way."""
        answered = self.cycle is None or self.cycle.response_complete
        return answered and self.transport.get_write_buffer_size() == 0

    def cut(self) -> None:
        self.table.forget(self)
        self.transport.abort()

    # uvicorn narrows asyncio's BaseTransport itself, and says so with the same exemption.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.table.admit(self):
            self._watch_request()
        else:
            transport.abort()

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
        self._response_timer = self.loop.call_later(self.limits.response_deadline, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching_response()

    def _watch_request(self) -> None:
        if self._request_timer is None:
            self._request_timer = self.loop.call_later(self.limits.request_deadline, self.cut)

    def _stop_watching_request(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _stop_watching_response(self) -> None:
        if self._response_timer is not None:
            self._response_timer.cancel()
            self._response_timer = None


def bounded_protocol(of: ConnectionLimits) -> type[BoundedProtocol]:
    """Return the protocol of one server: uvicorn makes its instances and passes no arguments on."""

    class ServerProtocol(BoundedProtocol):
        limits = of
        table = ConnectionTable(of.connections)

    return ServerProtocol
