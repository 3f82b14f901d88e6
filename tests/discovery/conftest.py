from collections.abc import Iterator
from contextlib import closing

import pytest

from exporter.threads_api.network import Network
from tests.account_source import AccountSource


@pytest.fixture
def network() -> Iterator[Network]:
    with closing(Network()) as network:
        yield network


@pytest.fixture
def source() -> AccountSource:
    return AccountSource()


@pytest.fixture
def url(source: AccountSource) -> Iterator[str]:
    """Serve the source, and give its URL."""
    with source.serving() as url:
        yield url
