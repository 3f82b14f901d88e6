"""What every fault's test gets: a world whose tokens are looked for in all that was said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import World
from tests.faults.canary import Canary, CanaryWorld


@pytest.fixture
def live_world() -> World:
    """Give a world that moves with the system's clock, its tokens all different."""
    return CanaryWorld()


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, live_world: World) -> Iterator[Canary]:
    """Fail the test if an exporter process of it has said a token, and be it in a base64."""
    canary = Canary(tmp_path, live_world)
    with canary.watching():
        yield canary
    found = canary.leaks()
    assert found == []
