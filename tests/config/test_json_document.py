import pytest

from exporter.config.document import DocumentError
from exporter.config.json_document import read_json
from tests.config.conftest import Write


def test_reads_a_list_with_the_line_of_every_item(write: Write) -> None:
    text = '\n[\n\t{"a": "x\\n",\n "b": 1},\n\n {"a": []}\n, 3, "/"\n]\n'
    document = read_json(write("a.json", text))
    assert document.value == [{"a": "x\n", "b": 1.0}, {"a": []}, 3.0, "/"]
    assert [document.line((index,)) for index in range(4)] == [3, 6, 7, 7]
    assert document.line((0, "a")) == 3


def test_reads_a_file_with_a_byte_order_mark(write: Write) -> None:
    assert read_json(write("a.json", "\ufeff[1]")).value == [1.0]


@pytest.mark.parametrize(("text", "value"), [("[]", []), (" [ ] ", []), ("{}", {}), ("null", None)])
def test_reads_what_has_no_items(write: Write, text: str, value: object) -> None:
    assert read_json(write("a.json", text)).value == value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "is not valid JSON: Expecting value"),
        ("[\n{,}]", 2, "is not valid JSON: Expecting property name enclosed in double quotes"),
        ("[1,\n2", 2, "is not valid JSON: Expecting ',' delimiter"),
        ('[{},\n{"a": 1,\n"a": 2}]', 2, "has a key twice: remove one"),
        pytest.param("[" * 100_000, 1, "is nested too deep", id="deep"),
    ],
)
def test_explains_what_it_cannot_read(write: Write, text: str, line: int, message: str) -> None:
    with pytest.raises(DocumentError) as raised:
        read_json(write("a.json", text))
    assert (raised.value.line, str(raised.value)) == (line, message)
