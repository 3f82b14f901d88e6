"""F4: without a handshake with Meta itself no call is made, and no token leaves the exporter."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.simulator import Simulator, World
from tests.certificates import Authority
from tests.faults.networked import Networked, networked
from tests.faults.proxy import TLS_ABORT, BlackHole, Fault, FaultProxy, Reset
from tests.workspace import Workspace

LONG_AGO = datetime(2020, 2, 1, tzinfo=UTC)
INTERRUPTIONS: Mapping[Fault, str] = {TLS_ABORT: "tls", Reset(): "connect", BlackHole(): "timeout"}


@dataclass(frozen=True)
class Servers:
    """The ports of a world's servers, and the authority of the trusted one."""

    world: World
    ports: Mapping[str, int]
    ca_file: str

    @property
    def untrusted(self) -> Collection[str]:
        return self.ports.keys() - {"trusted"}

    @contextmanager
    def behind(self, proxy: FaultProxy, workspace: Workspace, timeout: str) -> Iterator[Networked]:
        """Run an exporter that was answered by the trusted server."""
        api = {"base_url": proxy.url("https"), "ca_file": self.ca_file, "timeout": timeout}
        with networked(workspace, self.world, proxy, **api) as acme:
            yield acme


@pytest.fixture
def servers(tmp_path: Path, live_world: World, live_simulator: Simulator) -> Iterator[Servers]:
    authority = Authority(tmp_path)
    pairs = {
        "trusted": authority.issue("trusted"),
        "expired": authority.issue("expired", not_after=LONG_AGO),
        "of another host": authority.issue("other", "graph.threads.net"),
        "of an unknown authority": Authority(tmp_path, "unknown").issue("unknown"),
    }
    with ExitStack() as stack:
        ports = {"without TLS": live_simulator.port}
        for name, pair in pairs.items():
            server = Simulator(live_world, certificate=pair.cert, key=pair.key)
            ports[name] = stack.enter_context(server).port
        yield Servers(live_world, ports, str(authority.file))


def test_a_server_that_cannot_be_trusted_gets_no_call(
    workspace: Workspace, live_world: World, servers: Servers
) -> None:
    proxy = FaultProxy(servers.ports["trusted"])
    reasons: dict[str, str] = {}
    with proxy.listening(), servers.behind(proxy, workspace, "5s") as acme:
        for name in servers.untrusted:
            proxy.upstream = servers.ports[name]
            proxy.cut()
            live_world.log.clear()
            reasons[name] = acme.fail()
            assert live_world.calls() == ()
        proxy.upstream = servers.ports["trusted"]
        acme.recover()

    assert reasons == dict.fromkeys(servers.untrusted, "tls")


def test_no_token_is_sent_where_the_handshake_ends_early(
    workspace: Workspace, servers: Servers
) -> None:
    proxy = FaultProxy(servers.ports["trusted"])
    with proxy.listening(), servers.behind(proxy, workspace, "5s") as acme:
        proxy.cut()
        seen = {fault: acme.suffer(fault) for fault in INTERRUPTIONS}
        acme.recover()

    assert seen == INTERRUPTIONS
    assert acme.user.token.value.encode() not in proxy.sent
