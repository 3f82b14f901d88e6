from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from exporter.config.settings import ApiSettings
from exporter.simulator import Simulator, World
from tests.clock import ControlledClock
from tests.polling.bench import Bench, CountingStore


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One certificate of certifi's hundreds, which take a while to load in each test."""
    end = "-----END CERTIFICATE-----\n"
    first, found, _ = Path(certifi.where()).read_text().partition(end)
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    file.write_text(first + found)
    return file


@pytest.fixture
def bench(world: World, clock: ControlledClock, tmp_path: Path, ca_file: Path) -> Iterator[Bench]:
    with Simulator(world) as simulator:
        api = ApiSettings(simulator.base_url, ca_file=ca_file)
        bench = Bench(simulator, api, clock, tmp_path)
        yield bench
        bench.poller.close()


@pytest.fixture
def commits() -> list[list[str]]:
    return []


@pytest.fixture
def stored_bench(
    world: World,
    clock: ControlledClock,
    tmp_path: Path,
    ca_file: Path,
    commits: list[list[str]],
) -> Iterator[Bench]:
    """Give a bench with a store, the commits of which are noted in `commits`."""
    store = CountingStore(f"sqlite:///{tmp_path / 'threads-exporter.db'}", commits)
    with Simulator(world) as simulator:
        api = ApiSettings(simulator.base_url, ca_file=ca_file)
        bench = Bench(simulator, api, clock, tmp_path, store)
        yield bench
        bench.poller.close()
        bench.containers.close()
