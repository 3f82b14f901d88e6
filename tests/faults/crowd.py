"""Clients that take connections and give nothing for them, as many as a test wants."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PAUSE_SECONDS = 0.1
_SMALL_BUFFER = 4096


@dataclass(frozen=True)
class Habit:
    """What a client sends at once and then bit by bit; whether it reads, a byte at a time."""

    opening: bytes = b""
    drip: bytes = b""
    sips: bool = False
    speaks_tls: bool = True


SILENT = Habit(speaks_tls=False)
HALF_OPEN = Habit(b"GET /metrics HTTP/1.1\r\nHo")
DRIPPING_HEAD = Habit(b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n")
DRIPPING_BODY = Habit(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"z")
SIPPING = Habit(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", sips=True)


@dataclass(eq=False)
class Client:
    habit: Habit
    connection: socket.socket
    since: float
    until: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it was let stay, once it was not."""
        return None if self.until is None else self.until - self.since

    def go_on(self) -> None:
        """Do the next bit."""
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if self.habit.drip:
                self.connection.send(self.habit.drip)
            if self.habit.sips:
                self._read(1)

    def drain(self) -> None:
        """Find out whether the other side has closed."""
        if not self.habit.sips:
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                self._read(65536)

    def _read(self, most: int) -> None:
        if not self.connection.recv(most):
            raise ConnectionResetError


@dataclass
class Crowd:
    """The clients, each of which goes on until it is put out."""

    port: int
    tls: ssl.SSLContext | None = None
    clients: list[Client] = field(default_factory=list)
    _gone: threading.Event = field(default_factory=threading.Event)

    def join(self, habit: Habit, number: int) -> None:
        """Have so many clients come, who are in once this returns."""
        for _ in range(number):
            connection = self._connect(habit)
            self.clients.append(Client(habit, connection, time.monotonic()))

    def still_in(self, habit: Habit) -> int:
        return sum(one.until is None for one in self.clients if one.habit is habit)

    def stays(self, habit: Habit) -> list[float]:
        """Return how long those were let stay that are out."""
        seconds = [one.seconds for one in self.clients if one.habit is habit]
        return [one for one in seconds if one is not None]

    def _connect(self, habit: Habit) -> socket.socket:
        connection = socket.socket()
        if habit.sips:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", self.port))
        if self.tls and habit.speaks_tls:
            connection = self.tls.wrap_socket(connection, server_hostname="127.0.0.1")
        if habit.opening:
            connection.sendall(habit.opening)
        connection.settimeout(0)
        return connection

    def run(self) -> None:
        while not self._gone.wait(_PAUSE_SECONDS):
            for client in [one for one in self.clients if one.until is None]:
                try:
                    client.go_on()
                    client.drain()
                except OSError:
                    client.until = time.monotonic()

    def leave(self) -> None:
        self._gone.set()
        for client in self.clients:
            client.connection.close()


@contextmanager
def crowd(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Crowd]:
    clients = Crowd(port, tls)
    thread = threading.Thread(target=clients.run)
    thread.start()
    try:
        yield clients
    finally:
        clients.leave()
        thread.join()
