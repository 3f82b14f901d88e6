from pathlib import Path

import pytest

from exporter.config.document import MAX_BYTES, DocumentError
from exporter.config.yaml_document import MAX_VALUES, read_yaml
from tests.config.conftest import Write

INVALID = "is not valid YAML: {} that begins on line {}"
MISREAD = "looks like a number or a date to YAML, and is none: put it in quotes"


class TestReadYaml:
    def test_reads_values_and_lines(self, write: Write) -> None:
        document = read_yaml(write("a.yaml", "# a\na:\n  b: [1, x]\n\n  c: {d: true}\n"))
        assert document.value == {"a": {"b": [1, "x"], "c": {"d": True}}}
        assert document.line(()) == 2
        assert document.line(("a",)) == 2
        assert document.line(("a", "b", 1)) == 3
        assert document.line(("a", "c", "d")) == 5

    def test_gives_the_innermost_line_there_is(self, write: Write) -> None:
        document = read_yaml(write("a.yaml", "a:\n  - b: 1\n  - c: 2\n"))
        assert document.line(("a", 1, "d", "e")) == 3
        assert document.line(("a", 7)) == 1
        assert document.line(("a", "x")) == 1
        assert document.line(("a", 0, "b", "c")) == 2

    def test_reads_a_file_with_a_byte_order_mark(self, write: Write) -> None:
        assert read_yaml(write("a.yaml", "\ufeffa: 1")).value == {"a": 1}

    def test_merges_keys_and_lets_own_ones_win(self, write: Write) -> None:
        text = "- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- x: 0\n  <<: [*a, *b]\n- <<: *a\n- '<<': 1\n"
        document = read_yaml(write("a.yaml", text))
        assert document.value == [
            {"x": 1, "y": 2},
            {"y": 3, "z": 4},
            {"x": 0, "y": 2, "z": 4},
            {"x": 1, "y": 2},
            {"<<": 1},
        ]
        assert document.line((2, "x")) == 3
        assert document.line((2, "z")) == 2

    @pytest.mark.parametrize(
        ("text", "value"),
        [("!!str 5", "5"), ("!!map {}", {}), ("=", "="), ("~", None), ("<<", "<<")],
    )
    def test_reads_unusual_scalars(self, write: Write, text: str, value: object) -> None:
        assert read_yaml(write("a.yaml", text)).value == value

    def test_keeps_the_first_of_equal_keys_and_tells_each_repetition(self, write: Write) -> None:
        document = read_yaml(write("a.yaml", "a:\n  b: 1\n  b: 2\n  'b': 3\na: 4\n"))
        assert document.value == {"a": {"b": 1}}
        assert [(flaw.line, flaw.location, str(flaw)) for flaw in document.flaws] == [
            (3, ("a", "b"), "is there twice, first on line 2: remove one"),
            (4, ("a", "b"), "is there twice, first on line 2: remove one"),
            (5, ("a",), "is there twice, first on line 1: remove one"),
        ]

    def test_tells_keys_that_are_no_strings(self, write: Write) -> None:
        document = read_yaml(write("a.yaml", "on: 1\n5: 2\n"))
        assert document.value == {"on": 1, "5": 2}
        assert [flaw.line for flaw in document.flaws] == [1, 2]

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("", 1, "is empty"),
            ("# a\n", 1, "is empty"),
            ("a:\n\tb: 1\n", 2, "begins with a tab: YAML is indented with blanks alone"),
            ("a: b\nc: \x00", 2, "holds a control character: remove it"),
            (
                "a:\n  b: 'c\nd: 1",
                3,
                INVALID.format("found unexpected end of stream while scanning a quoted scalar", 2),
            ),
            (
                "a: b\n- c\n",
                2,
                INVALID.format("did not find expected key while parsing a block mapping", 1),
            ),
            ("{}\na", 2, "is not valid YAML: did not find expected <document start>"),
            ("a: 1\n---\nb: 2", 2, "a second document begins here: only one is read"),
            ("a: *b", 1, "is an alias of an anchor that is not complete above it"),
            ("a: &b [*b]", 1, "is an alias of an anchor that is not complete above it"),
            ("a: &b {<<: *b}", 1, "is an alias of an anchor that is not complete above it"),
            ("a: {<<: 1}", 1, "<< merges mappings alone"),
            ("a: {<<: [{}, 1]}", 1, "<< merges mappings alone"),
            ("\n? [a]\n: 1", 2, "has a key that is no string: put it in quotes"),
            ("a: !env B", 1, "has a YAML tag that is not understood: remove it"),
            ("a: !!python/name:os.system", 1, "has a YAML tag that is not understood: remove it"),
            ("a: !!set {b}", 1, "has a YAML tag that is not understood: remove it"),
            ("a: 2027-13-45", 1, MISREAD),
            pytest.param(f"a: {'9' * 5000}", 1, MISREAD, id="digits"),
            pytest.param("[" * 100_000, 1, "is nested deeper than 20 levels", id="flow"),
            pytest.param("- " * 100_000, 1, "is nested deeper than 20 levels", id="block"),
        ],
    )
    def test_explains_what_it_cannot_read(
        self, write: Write, text: str, line: int, message: str
    ) -> None:
        with pytest.raises(DocumentError) as raised:
            read_yaml(write("a.yaml", text))
        assert (raised.value.line, str(raised.value)) == (line, message)

    def test_bounds_what_aliases_expand_to(self, write: Write) -> None:
        lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
        with pytest.raises(DocumentError) as raised:
            read_yaml(write("a.yaml", "\n".join(lines)))
        assert str(raised.value) == (
            f"holds more than {MAX_VALUES} values, aliases counted: split the file"
        )
        assert raised.value.line == 7

    def test_tells_the_line_that_is_not_utf8(self, tmp_path: Path) -> None:
        file = tmp_path / "a.yaml"
        file.write_bytes(b"a: 1\nb: \xff\n")
        with pytest.raises(DocumentError, match="is not UTF-8: save the file in") as raised:
            read_yaml(file)
        assert raised.value.line == 2

    def test_bounds_the_size(self, tmp_path: Path) -> None:
        file = tmp_path / "a.yaml"
        with file.open("wb") as stream:
            stream.truncate(MAX_BYTES + 1)
        with pytest.raises(DocumentError, match="is larger than 64 MiB: split it"):
            read_yaml(file)
