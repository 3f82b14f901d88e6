"""What every fault's test gets: a world whose tokens are looked for in all that was said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.simulator import User, World
from tests.faults.canary import Canary, CanaryWorld
from tests.faults.publisher import postgresql_at
from tests.workspace import Section, Workspace


@pytest.fixture
def live_world() -> World:
    """Give a world that moves with the system's clock, its tokens all different."""
    return CanaryWorld()


@pytest.fixture
def acme(live_world: World) -> User:
    return live_world.add_user("acme")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_section(request: pytest.FixtureRequest, workspace: Workspace) -> Section:
    """Give a configuration's store, on each back end in turn, for tests with `backends`."""
    if request.param == "sqlite":
        return {}
    server, database = map(request.getfixturevalue, ("postgresql_server", "database"))
    return postgresql_at(workspace, server, database)


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, live_world: World) -> Iterator[Canary]:
    """Fail the test if an exporter process of it has said a token, and be it in a base64."""
    canary = Canary(tmp_path, live_world)
    with canary.watching():
        yield canary
    found = canary.leaks()
    assert found == []
