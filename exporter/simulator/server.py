import socket
import socketserver
import ssl
import sys
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from exporter.simulator.calls import Call
from exporter.simulator.connection import ConnectionHandler, Connections
from exporter.simulator.world import World

_ACCEPT_POLL_SECONDS = 0.02
_STOP_SECONDS = 1.0


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self, address: tuple[str, int], handler: type[ConnectionHandler], tls: ssl.SSLContext | None
    ) -> None:
        self._tls = tls
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self._tls is None:
            return connection, address
        # The handshake is left to the connection's own thread: a silent caller must not stop all.
        wrapped = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a caller that leaves, or that a fault drops, pass in silence."""
        del request, client_address
        if not isinstance(sys.exception(), OSError):
            sys.excepthook(*sys.exc_info())


class Simulator:
    """The simulated Threads API on a port of its own.

    `with Simulator(world) as simulator:` serves `world` at `simulator.base_url` until the end of
    the block; with a certificate and its key, over TLS. Port 0 takes a free one.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self.world = world or World()
        self._address = (host, port)
        self._tls = None if certificate is None else _server_tls(certificate, key)
        self._connections = Connections()
        self._listener: _Listener | None = None
        self._thread: Thread | None = None

    def start(self) -> Self:
        """Listen and answer in the background; raises OSError when the port is taken."""
        self._connections = Connections()
        handler = ConnectionHandler.bound(self.world, self._connections)
        self._listener = _Listener(self._address, handler, self._tls)
        self._thread = Thread(
            target=self._listener.serve_forever,
            args=(_ACCEPT_POLL_SECONDS,),
            name="simulator",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection, hung ones too, and every thread."""
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._thread.join()
        self._connections.stop(_STOP_SECONDS)
        self._listener.server_close()
        self._listener = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        if self._listener is None:
            raise RuntimeError("the simulator is not started")
        return int(self._listener.socket.getsockname()[1])

    @property
    def base_url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{self._address[0]}:{self.port}/v1.0"

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.world.calls()

    @property
    def connections(self) -> int:
        """How many connections were opened since the start."""
        return self._connections.accepted

    def release_hung(self) -> None:
        """Let the calls that hang now be answered."""
        self._connections.release()


def _server_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
