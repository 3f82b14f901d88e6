import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import Simulator, World
from tests.integration.prometheus_server import PROMETHEUS_3
from tests.workspace import Workspace

SERVERS = {
    "prometheus": (
        ("prometheus", "promtool", "prometheus-alertmanager", "amtool"),
        "sudo apt install prometheus prometheus-alertmanager",
    ),
    "prometheus3": ((str(PROMETHEUS_3),), "scripts/fetch-prometheus-3"),
}
"""The programs behind a marker, and how to get them."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a real server where there is none."""
    for marker, (programs, remedy) in SERVERS.items():
        if item.get_closest_marker(marker) is None:
            continue
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)}: {remedy}")


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
