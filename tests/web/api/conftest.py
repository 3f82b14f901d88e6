from collections.abc import Iterator

import pytest

from tests.web.api.stand_in import Client, Registry, asking

Served = tuple[Registry, Client]


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Give one server for all tests: to stop one takes longer than most of them."""
    registry = Registry()
    with asking(registry) as client:
        yield registry, client


@pytest.fixture
def registry(served: Served) -> Registry:
    """Give the server's registry, as new."""
    registry, _ = served
    vars(registry).update(vars(Registry()))
    return registry


@pytest.fixture
def client(served: Served, registry: Registry) -> Client:
    _, client = served
    return client
