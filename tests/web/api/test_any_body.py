"""Whatever is posted is taken, or refused as the OpenAPI document says: it is never a failure."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.json_mutation import VALUES
from tests.examples import examples
from tests.web.api.stand_in import JSON, Client

PATHS = ("/api/v1/containers", "/api/v1/errors")

paths = st.sampled_from(PATHS)
keys = st.sampled_from(["account", "container_id", "containers", "error", "code"]) | st.text()
values = st.recursive(
    st.sampled_from([*VALUES, "acme", "nobody", "1", "17889615691921648", "190/463"])
    | st.integers()
    | st.floats()
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)
one = st.fixed_dictionaries(
    {"account": values | st.just("acme")},
    optional={"container_id": values | st.just("1"), "error": values},
)
batches = st.fixed_dictionaries({"containers": st.lists(one | values, max_size=3) | values})
jsons = (one | batches | values).map(lambda value: json.dumps(value).encode())


@given(paths, jsons | st.binary())
@settings(examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body(client: Client, path: str, body: bytes) -> None:
    assert client.post(path, body).status < 500


@given(paths, st.lists(jsons | st.binary(max_size=50), max_size=3))
@settings(examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_in_pieces(client: Client, path: str, pieces: list[bytes]) -> None:
    assert client.send("POST", path, pieces, JSON).status < 500
