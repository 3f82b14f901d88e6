"""The API on a real server, over containers in memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

from exporter.domain import (
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
    KnownError,
)
from exporter.observations.model import AccountObservation
from exporter.web.api.backend import (
    ApiOptions,
    ContainerConflictError,
    ContainerQuery,
    ContainerView,
    NewContainer,
    RateLimitedError,
    Registration,
    StoreUnavailableError,
    TrackingFullError,
)
from exporter.web.api.credentials import same_token
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import UnknownAccountError, WebOptions
from exporter.web.server import WebServer
from tests.clock import ControlledClock
from tests.web.api.documented import is_documented
from tests.web.stand_in import LOOPBACK, StandIn

TOKEN = "registrar-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON = {**BEARER, "Content-Type": "application/json"}
OPTIONS = ApiOptions("1.2.3")
KNOWN_ERROR = KnownError("media_processing", "media", "retry", "Wait a minute and try again.")
NOW = 1_790_000_000.0

EXPECTED = (
    UnknownAccountError,
    ContainerConflictError,
    RateLimitedError,
    TrackingFullError,
    StoreUnavailableError,
)

Body = bytes | list[bytes] | None
PENDING = ContainerState(ContainerStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Record:
    account: str
    container_id: str
    state: ContainerState = PENDING
    outcome: ContainerOutcome | None = None
    registered_at: float = NOW
    asked_at: float | None = None
    ended_at: float | None = None


@dataclass
class Registry:
    """Knows every account but "nobody", unless `names` says which; fails with `failure`."""

    enabled: bool = True
    names: frozenset[str] = frozenset()
    records: dict[str, Record] = field(default_factory=dict)
    seen: Mapping[str, AccountObservation] = field(default_factory=dict)
    failure: Exception | None = None
    reported: list[tuple[str, str]] = field(default_factory=list)
    going: int = 0
    went_first: int = 0

    def authorized(self, token: str) -> bool:
        return same_token(token, TOKEN)

    @contextmanager
    def going_first(self) -> Iterator[None]:
        self.going += 1
        try:
            yield
        finally:
            self.going -= 1
            self.went_first += 1

    def register_each(
        self, requests: Sequence[Sequence[NewContainer]]
    ) -> Sequence[Sequence[Registration] | Exception]:
        return [self._outcome(containers) for containers in requests]

    def _outcome(self, containers: Sequence[NewContainer]) -> Sequence[Registration] | Exception:
        try:
            return self._register(containers)
        except EXPECTED as error:
            return error

    def _register(self, containers: Sequence[NewContainer]) -> Sequence[Registration]:
        self._fail()
        ids = {one.container_id for one in containers}
        assert len(ids) == len(containers), "an id is named twice"
        for container in containers:
            self._check(container)
        new = ids - self.records.keys()
        for one in containers:
            self.records.setdefault(one.container_id, Record(one.account, one.container_id))
        return [
            Registration(self.records[one.container_id], one.container_id in new)
            for one in containers
        ]

    def containers(self, query: ContainerQuery) -> Sequence[ContainerView]:
        self._fail()
        if query.account is not None:
            self._check_account(query.account)
        found = [
            record
            for record in self.records.values()
            if query.account in (None, record.account)
            and query.status in (None, record.state.status)
            and record.container_id > query.after
        ]
        return sorted(found, key=lambda record: record.container_id)[: query.limit]

    def container(self, container_id: str) -> ContainerView | None:
        self._fail()
        return self.records.get(container_id)

    def remove(self, container_id: str) -> bool:
        self._fail()
        return self.records.pop(container_id, None) is not None

    def report(self, account: str, error: str) -> KnownError:
        self._fail()
        self._check_account(account)
        self.reported.append((account, error))
        return KNOWN_ERROR

    def accounts(self) -> Mapping[str, AccountObservation]:
        self._fail()
        return self.seen

    def _check(self, container: NewContainer) -> None:
        self._check_account(container.account)
        known = self.records.get(container.container_id)
        if known is not None and known.account != container.account:
            raise ContainerConflictError(container.container_id)

    def _check_account(self, account: str) -> None:
        if account == "nobody" or (self.names and account not in self.names):
            raise UnknownAccountError(account)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.text)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> tuple[object, object]:
        """The code and the path of an error."""
        details = self.json["error"]
        assert isinstance(details, dict)
        return details["code"], details.get("path")


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the API, and takes no answer that its OpenAPI document does not have."""

    address: str

    def get(self, path: str, headers: Mapping[str, str] = BEARER, method: str = "GET") -> Reply:
        return self.send(method, path, None, headers)

    def post(self, path: str, content: object, headers: Mapping[str, str] = JSON) -> Reply:
        """Send bytes as they are, anything else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.send("POST", path, body, headers)

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", path, None, BEARER)

    def send(self, method: str, path: str, body: Body, headers: Mapping[str, str]) -> Reply:
        """Send a request, a body of several pieces without its length."""
        connection = HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            reply = Reply(response.status, found, response.read().decode())
        finally:
            connection.close()
        code = str(reply.error[0]) if reply.status >= 400 and reply.text else None
        assert is_documented(method, path, reply.status, code), f"{method} {path}: {reply}"
        return reply


@contextmanager
def serving(registry: Registry, options: ApiOptions = OPTIONS) -> Iterator[WebServer]:
    app = create_app(StandIn(), WebOptions("1.2.3"))
    app.router.routes.append(create_api(registry, ControlledClock(NOW), options))
    server = WebServer(app, [LOOPBACK])
    server.start()
    try:
        yield server
    finally:
        server.stop(1)


@contextmanager
def asking(registry: Registry, options: ApiOptions = OPTIONS) -> Iterator[Client]:
    with serving(registry, options) as server:
        yield Client(server.addresses[0])
