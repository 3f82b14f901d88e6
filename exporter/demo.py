"""The demo: a simulated Threads API, accounts in every kind of trouble, and their publisher."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.clock import Clock
from exporter.simulator import Simulator
from exporter.simulator.cast import build_demo_world
from exporter.simulator.demo import CONTAINER_DIRECTORY, write_demo_configuration
from exporter.simulator.publisher import Publisher


@contextmanager
def demo_configuration(clock: Clock, speed: float) -> Iterator[Path]:
    """Run the simulation; give the configuration of an exporter that watches it."""
    demo = build_demo_world(clock, speed)
    with (
        TemporaryDirectory(prefix="threads-exporter-demo-") as directory,
        Simulator(demo.world) as simulator,
        Publisher(demo, Path(directory) / CONTAINER_DIRECTORY),
    ):
        yield write_demo_configuration(demo, simulator.base_url, Path(directory))
