"""One caller's connection: reading its requests, and the wire that answers are sent on."""

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Condition, Event, Thread, current_thread
from typing import Self

from exporter.simulator.endpoints import respond
from exporter.simulator.messages import Answer, read_request
from exporter.simulator.world import World

_HUNG_POLL_SECONDS = 0.05
_LINGER_RESET = struct.pack("ii", 1, 0)
_MAX_FORM_BYTES = 65_536
_BAD_REQUEST = Answer(400, b"Bad request\n", "text/plain; charset=utf-8")


class Connections:
    """The open connections with their threads, and where hung calls wait."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._open: dict[Thread, socket.socket] = {}
        self._releases = 0
        self._accepted = 0
        self._stopping = Event()

    @property
    def accepted(self) -> int:
        """How many connections there were so far."""
        return self._accepted

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def add(self, connection: socket.socket) -> None:
        with self._condition:
            self._accepted += 1
            self._open[current_thread()] = connection
        if self.stopping:
            raise ConnectionAbortedError

    def discard(self) -> None:
        with self._condition:
            self._open.pop(current_thread(), None)

    def release(self) -> None:
        with self._condition:
            self._releases += 1
            self._condition.notify_all()

    def pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise ConnectionAbortedError

    def wait_for_release(self, gave_up: Callable[[], bool]) -> None:
        """Wait for `release`; raises ConnectionAbortedError once stopped or given up."""
        with self._condition:
            count = self._releases
            while not self._condition.wait_for(lambda: self._releases != count, _HUNG_POLL_SECONDS):
                if gave_up():
                    raise ConnectionAbortedError
        if self.stopping:
            raise ConnectionAbortedError

    def stop(self, seconds: float) -> None:
        """End all connections, giving their threads that long."""
        self._stopping.set()
        self.release()
        with self._condition:
            threads = dict(self._open)
        for connection in threads.values():
            with suppress(OSError):
                # Not through a TLS socket's own method, which another thread must not call.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


class SocketWire:
    """A `messages.Wire` on a connection."""

    def __init__(self, handler: "ConnectionHandler") -> None:
        self._handler = handler

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(data)

    def pause(self, seconds: float) -> None:
        self._handler.connections.pause(seconds)

    def wait_for_release(self) -> None:
        self._handler.connections.wait_for_release(self._caller_left)

    def close(self) -> None:
        self._handler.close_connection = True

    def reset(self) -> None:
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        connection.close()
        self.close()

    def _caller_left(self) -> bool:
        poll = select.poll()
        poll.register(self._handler.connection, select.POLLIN)
        return bool(poll.poll(0))


class ConnectionHandler(BaseHTTPRequestHandler):
    """Answers a caller's requests; `bound` makes the class for one server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World
    connections: Connections

    @classmethod
    def bound(cls, world: World, connections: Connections) -> type[Self]:
        members = {"world": world, "connections": connections}
        methods = {"do_GET": cls.respond, "do_POST": cls.respond}
        return type("BoundHandler", (cls,), {**members, **methods})

    def setup(self) -> None:
        super().setup()
        self.connections.add(self.connection)
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()

    def finish(self) -> None:
        super().finish()
        self.connections.discard()

    def respond(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = read_request(self.command, self.path, headers, self._form())
        answer = respond(self.world, request)
        answer.delivery.deliver(answer, SocketWire(self))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that is no HTTP; nothing is written to the standard error."""
        del code, message, explain
        self.wfile.write(_BAD_REQUEST.head() + _BAD_REQUEST.body)
        self.close_connection = True

    def _form(self) -> str:
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else 0
        return self.rfile.read(min(size, _MAX_FORM_BYTES)).decode("utf-8", "replace")
