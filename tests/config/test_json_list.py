import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.document import DocumentError
from exporter.config.json_list import items_of

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(JSON), st.sampled_from([None, 1, "\t"]))
def test_any_list_is_read_as_python_reads_it(items: list[object], indent: int | str | None) -> None:
    assert list(items_of(json.dumps(items, indent=indent))) == items


@given(st.text('[]{},: \n"a1\\tru', max_size=12))
def test_what_python_does_not_take_for_a_list_is_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    try:
        items: object = list(items_of(text))
    except DocumentError:
        items = None
    assert items == (expected if isinstance(expected, list) else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON list"),
        ("<html>", "is no JSON list"),
        ('{"accounts": []}', "is no JSON list"),
        ("[1,]", "is not valid JSON: Expecting value (line 1, column 4)"),
        ("[1,\n 2", "is not valid JSON: Expecting ',' delimiter (line 2, column 3)"),
        ("[1 2]", "is not valid JSON: Expecting ',' delimiter (line 1, column 4)"),
        ("[] []", "is not valid JSON: Extra data (line 1, column 4)"),
        ("[1]\n]", "is not valid JSON: Extra data (line 2, column 1)"),
        pytest.param("[" * 100_000, "is nested too deep", id="deep"),
    ],
)
def test_why_it_is_refused_is_told(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as raised:
        list(items_of(text))
    assert (str(raised.value), raised.value.location) == (message, ())


def test_a_key_that_is_there_twice_is_refused_where_it_is() -> None:
    items = items_of('[{"a": 1}, {"a": 1, "a": 2}]')

    assert next(items) == {"a": 1.0}
    with pytest.raises(DocumentError) as raised:
        next(items)
    assert (str(raised.value), raised.value.location) == ("has a key twice: remove one", (1,))


def test_items_that_nobody_keeps_take_no_room() -> None:
    text = json.dumps([{"name": f"account {number}"} for number in range(10_000)])
    tracemalloc.start()
    try:
        count = sum(1 for _ in items_of(text))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 10_000
    assert most < 100_000
