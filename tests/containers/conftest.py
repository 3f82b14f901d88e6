import sys
from collections.abc import Iterator

import pytest

from tests.containers.observing import Processed


@pytest.fixture
def processed() -> Processed:
    return Processed()


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns so often that what is not locked shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)
