import pytest

from tests.deploy.kustomized import Built, overlay


@pytest.fixture
def built(request: pytest.FixtureRequest) -> Built:
    """Give what an overlay builds to, by the overlay's name."""
    return overlay(request.param)
