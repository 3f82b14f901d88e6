import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from exporter.simulator import Simulator, User, World
from tests.clock import ControlledClock
from tests.deploy.kustomized import KUBECTL
from tests.faults.set_clock import FAKETIME
from tests.integration.prometheus_server import PROMETHEUS_3
from tests.tracing import TRACED, trace_none_unasked
from tests.workspace import Workspace

# A slow example is a busy machine, no defect.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# For --hypothesis-profile=fuzz, and a lot of time.
settings.register_profile("fuzz", settings.get_profile("any machine"), max_examples=10_000)
settings.load_profile("any machine")

SERVERS = {
    "prometheus": (
        ("prometheus", "promtool", "prometheus-alertmanager", "amtool"),
        "sudo apt install prometheus prometheus-alertmanager",
    ),
    "prometheus3": ((str(PROMETHEUS_3),), "scripts/fetch-prometheus-3"),
    "faketime": ((str(FAKETIME),), "scripts/fetch-faketime"),
    "kubectl": ((str(KUBECTL),), "scripts/fetch-kubectl"),
    "systemd": (("systemd-analyze",), "sudo apt install systemd"),
}
"""The programs behind a marker, and how to get them."""


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    trace_none_unasked()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a real server where there is none."""
    for marker, (programs, remedy) in SERVERS.items():
        if item.get_closest_marker(marker) is None:
            continue
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)}: {remedy}")


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the processes that the test starts traced for the coverage."""
    for name, value in TRACED.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Hold a port of this machine on which nobody listens, and nobody else can."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def clock() -> ControlledClock:
    """Give a clock that stands still until a test moves it."""
    return ControlledClock()


@pytest.fixture
def world(clock: ControlledClock) -> World:
    """Give a simulated world that moves with that clock."""
    return World(clock)


@pytest.fixture
def simulator(world: World) -> Iterator[Simulator]:
    with Simulator(world) as simulator:
        yield simulator


@pytest.fixture
def acme(world: World) -> User:
    return world.add_user("acme")


@pytest.fixture
def live_world() -> World:
    """Give a simulated world that moves with the system's clock."""
    return World()


@pytest.fixture
def live_simulator(live_world: World) -> Iterator[Simulator]:
    with Simulator(live_world) as simulator:
        yield simulator


@pytest.fixture
def workspace(tmp_path: Path, live_simulator: Simulator) -> Workspace:
    """Give a folder for the configuration of an exporter that polls the simulator."""
    return Workspace(tmp_path, live_simulator.base_url)
