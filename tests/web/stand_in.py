"""A backend of plain values, and a client that speaks HTTP to a server."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from threading import Event

from exporter.domain import ConnectionEnd
from exporter.observations.model import AccountObservation
from exporter.web.addresses import ListenAddress
from exporter.web.app import create_app
from exporter.web.backend import UnknownAccountError, WebOptions
from exporter.web.protocol import ConnectionLimits, Watch
from exporter.web.server import WebServer

LOOPBACK = ListenAddress("127.0.0.1", 0)


@dataclass(frozen=True, slots=True)
class Page:
    chunks: Sequence[bytes] = (b"up 1\n",)
    content_type: str = "text/plain; version=0.0.4; charset=utf-8"
    content_encoding: str | None = None


@dataclass
class Gate:
    """Holds up those who pass it until it is opened, and tells that one is there."""

    reached: Event = field(default_factory=Event)
    opened: Event = field(default_factory=Event)

    def pass_through(self) -> None:
        self.reached.set()
        self.opened.wait(30)


def _nothing() -> None:
    return None


@dataclass
class StandIn:
    page: Page = Page()
    before_exposing: Callable[[], None] = _nothing
    before_probing: Callable[[], None] = _nothing
    seen: Mapping[str, AccountObservation] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    never_polled: int = 0
    silent: Sequence[str] = ()
    problems: Sequence[str] = ()
    calls: list[tuple[object, ...]] = field(default_factory=list)

    def expose(self, accept: str, accept_encoding: str, names: Sequence[str]) -> Page:
        self.calls.append(("expose", accept, accept_encoding, tuple(names)))
        self.before_exposing()
        return self.page

    def probe(self, account: str, timeout: float | None, accept: str, accept_encoding: str) -> Page:
        if account not in self.seen:
            raise UnknownAccountError(account)
        self.calls.append(("probe", account, timeout, accept, accept_encoding))
        self.before_probing()
        return self.page

    def unhealthy(self) -> Sequence[str]:
        return self.reasons

    def unpolled(self) -> int:
        return self.never_polled

    def undiscovered(self) -> Sequence[str]:
        return self.silent

    def reload(self) -> Sequence[str]:
        self.calls.append(("reload",))
        return self.problems

    def configuration(self) -> str:
        return "accounts:\n- name: acme\n  access_token: <secret>\n"

    def accounts(self) -> Mapping[str, AccountObservation]:
        return self.seen


@dataclass
class Noted:
    """What a server told of its connections and requests."""

    connections: int = 0
    requests: int = 0
    ended: Counter[ConnectionEnd] = field(default_factory=Counter)

    def connection_opened(self) -> None:
        self.connections += 1

    def connection_closed(self) -> None:
        self.connections -= 1

    def connection_ended(self, reason: ConnectionEnd) -> None:
        self.ended[reason] += 1

    def request_arrived(self) -> None:
        self.requests += 1

    def request_answered(self) -> None:
        self.requests -= 1


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


@contextmanager
def serving(
    backend: StandIn,
    options: WebOptions | None = None,
    limits: ConnectionLimits | None = None,
    watch: Watch | None = None,
) -> Iterator[WebServer]:
    app = create_app(backend, options or WebOptions("1.2.3"))
    server = WebServer(app, [LOOPBACK], limits, watch=watch)
    server.start()
    try:
        yield server
    finally:
        server.stop(1)


def connect(server: WebServer) -> HTTPConnection:
    return HTTPConnection(server.addresses[0], timeout=30)


def ask(
    connection: HTTPConnection,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection.request(method, path, headers=headers or {})
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, found, response.read().decode())


def fetch(
    server: WebServer,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection = connect(server)
    try:
        return ask(connection, path, method, headers)
    finally:
        connection.close()
