"""Whatever is asked, the API answers as its OpenAPI document says."""

from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests.web.api.documented import DOCUMENT
from tests.web.api.observed import SEEN, UNSEEN
from tests.web.api.stand_in import BEARER, Client, Record, Registry

if TYPE_CHECKING:
    from schemathesis.specs.openapi.schemas import OpenApiCase

schema = schemathesis.openapi.from_dict(dict(DOCUMENT), config=SchemathesisConfig())


@pytest.fixture(autouse=True)
def filled(registry: Registry) -> None:
    registry.seen = {"acme": SEEN, "bakery": UNSEEN}
    registry.records = {"17889615691921648": Record("acme", "17889615691921648")}


@schema.parametrize()
@settings(
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_answer_is_documented(case: "OpenApiCase", client: Client) -> None:
    case.call_and_validate(base_url=f"http://{client.address}", headers=BEARER)
