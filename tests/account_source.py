"""A team's own service that lists its accounts over HTTP."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.certificates import KeyPair
from tests.workspace import Section


@dataclass(frozen=True)
class Listed:
    """What the service answers."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class AccountSource:
    """Answers each request with `listed`, once `open` is set; `asked` are the requests' headers."""

    listed: Listed = Listed(b"[]")
    asked: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def tell(self, *accounts: Section) -> None:
        self.listed = Listed(json.dumps(accounts).encode())

    @contextmanager
    def serving(self, port: int = 0, tls: KeyPair | None = None) -> Iterator[str]:
        """Serve, and yield the URL of the list."""
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.asked.append(dict(self.headers))
                source.paths.append(self.path)
                source.open.wait(60)
                _send(self, source.listed)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with _Server(("127.0.0.1", port), Handler) as server:
            if tls is not None:
                server.socket = _secured(server.socket, tls)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/accounts"
            finally:
                self.open.set()
                server.shutdown()
                thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: who asked may have given up."""


def _secured(listener: socket.socket, tls: KeyPair) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls.files)
    return context.wrap_socket(listener, server_side=True)


def _send(request: BaseHTTPRequestHandler, listed: Listed) -> None:
    request.send_response(listed.status)
    headers = {"Content-Type": listed.content_type, "Content-Length": str(len(listed.body))}
    for name, value in (headers | dict(listed.headers)).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(listed.body)
