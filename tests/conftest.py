import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import Simulator, World
from tests.workspace import Workspace


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the real Prometheus where there is none."""
    if item.get_closest_marker("prometheus") is None:
        return
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: sudo apt install prometheus")


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
