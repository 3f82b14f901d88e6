import signal
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from exporter.process import serve
from exporter.signals import catch_signals
from exporter.web.addresses import ListenAddress, ListenError
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.running_exporter import new_service
from tests.workspace import Workspace

CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def no_cut(code: int) -> None:
    """Let the process live, which is that of all tests."""
    del code


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in CAUGHT}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_web_server_that_died_ends_the_process_with_3(workspace: Workspace) -> None:
    service = new_service(workspace.configure())
    server = WebServer(create_app(service, WebOptions("1")), [ListenAddress("127.0.0.1", 0)])

    with capture_logs() as logs:
        code = serve(service, server, catch_signals(), lambda server: server.stop(5), no_cut)

    assert code == 3
    assert "the web server died" in {line["event"] for line in logs}


def test_an_address_that_is_not_to_be_had_is_raised(workspace: Workspace) -> None:
    service = new_service(workspace.configure())
    elsewhere = ListenAddress("192.0.2.1", 0)
    server = WebServer(create_app(service, WebOptions("1")), [elsewhere])

    with pytest.raises(ListenError, match=r"192\.0\.2\.1"):
        serve(service, server, catch_signals(), lambda _: None, no_cut)
