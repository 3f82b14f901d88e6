import pytest

from tests.clock import ControlledClock
from tests.containers.observing import Processed


@pytest.fixture
def clock() -> ControlledClock:
    return ControlledClock()


@pytest.fixture
def processed() -> Processed:
    return Processed()
