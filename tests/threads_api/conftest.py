from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import Simulator, User
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.http import HttpTransport
from exporter.threads_api.network import Network
from tests.clock import ControlledClock
from tests.threads_api.callers import Caller, NotedRequests, new_transport
from tests.threads_api.certificates import Certificates

OpenTransport = Callable[..., HttpTransport]


@pytest.fixture
def network() -> Iterator[Network]:
    with closing(Network()) as network:
        yield network


@pytest.fixture
def open_transport(network: Network) -> Iterator[OpenTransport]:
    """Return a maker of transports, which are closed after the test."""
    with ExitStack() as stack:

        def open_one(shared: Network | None = None, **options: Any) -> HttpTransport:
            transport = new_transport(shared or network, **options)
            return stack.enter_context(closing(transport))

        yield open_one


@pytest.fixture
def caller(open_transport: OpenTransport, simulator: Simulator, acme: User) -> Caller:
    """Return a caller with acme's token and plenty of time."""
    return Caller(open_transport(), simulator.base_url, acme.token.value)


@pytest.fixture
def hurried(open_transport: OpenTransport, simulator: Simulator, acme: User) -> Caller:
    """Return a caller with acme's token that gives up soon."""
    return Caller(open_transport(timeout=1.0), simulator.base_url, acme.token.value)


@pytest.fixture
def noted() -> NotedRequests:
    return NotedRequests()


@pytest.fixture
def client(
    open_transport: OpenTransport,
    simulator: Simulator,
    clock: ControlledClock,
    noted: NotedRequests,
) -> ThreadsClient:
    return ThreadsClient(
        open_transport(),
        base_url=simulator.base_url,
        token_in_query=False,
        clock=clock,
        observer=noted,
    )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's netrc, which has a password for every host."""
    path = tmp_path / "netrc"
    path.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(path))
    return path
