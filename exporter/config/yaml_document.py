"""YAML to values with their lines, from the parser's events.

PyYAML's own composer recurses in C without a limit, lets the later of two equal keys win and
expands aliases without end: not for a file that another program may have written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, cast

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import Reader

from exporter.config.document import Document, DocumentError, LinedList, LinedMapping, read_text

MAX_DEPTH: Final = 20
MAX_VALUES: Final = 2_000_000

_TAG = "tag:yaml.org,2002:"
_READERS = {
    f"{_TAG}null": SafeConstructor.construct_yaml_null,
    f"{_TAG}bool": SafeConstructor.construct_yaml_bool,
    f"{_TAG}int": SafeConstructor.construct_yaml_int,
    f"{_TAG}float": SafeConstructor.construct_yaml_float,
    f"{_TAG}timestamp": SafeConstructor.construct_yaml_timestamp,
}
_OWN_TAGS = frozenset({None, f"{_TAG}str", f"{_TAG}seq", f"{_TAG}map"})
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path) -> Document:
    """Parse a YAML file; raises DocumentError."""
    text = read_text(file)
    if unfit := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, unfit.start()) + 1
        raise DocumentError(line, "holds a control character: remove it")
    composer = _Composer(text)
    try:
        value = composer.compose()
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from None
    return Document(file, value, composer.first_line, tuple(composer.flaws))


def _explained(error: yaml.MarkedYAMLError, text: str) -> DocumentError:
    line, column = (mark.line, mark.column) if (mark := error.problem_mark) else (0, 0)
    rest = text.split("\n")[line : line + 1]
    if rest and rest[0][column : column + 1] == "\t":
        return DocumentError(line + 1, "begins with a tab: YAML is indented with blanks alone")
    message = f"is not valid YAML: {error.problem}"
    if error.context and error.context_mark:
        message += f" {error.context} that begins on line {error.context_mark.line + 1}"
    return DocumentError(line + 1, message)


_Opening: TypeAlias = yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent


class _Anchored(NamedTuple):
    value: object
    size: int


class _Composer:
    _next: Callable[[], yaml.Event]
    _resolve: Callable[..., str]

    def __init__(self, text: str) -> None:
        self.first_line = 1
        self.flaws: list[DocumentError] = []
        self._loader = _Loader(text)
        self._next, self._resolve = self._loader.get_event, self._loader.resolve
        self._anchors: dict[str, _Anchored] = {}
        self._location: list[str | int] = []
        self._size = 0

    def compose(self) -> object:
        """Return the one document's value; raises DocumentError and yaml.MarkedYAMLError."""
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise DocumentError(1, "is empty")
        event = self._next()
        self.first_line = _line(event)
        value = self._value(event)
        self._next()
        if not isinstance(end := self._next(), yaml.StreamEndEvent):
            raise DocumentError(_line(end), "a second document begins here: only one is read")
        return value

    def _value(self, event: yaml.Event) -> object:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        size = self._size
        self._grow(1, event)
        opening = cast("_Opening", event)
        value = self._read(opening)
        if opening.anchor is not None:
            self._anchors[opening.anchor] = _Anchored(value, self._size - size)
        return value

    def _read(self, event: _Opening) -> object:
        if event.tag not in _OWN_TAGS:
            raise self._error(event, "has a YAML tag that is not understood: remove it")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping()
        return self._sequence()

    def _alias(self, event: yaml.AliasEvent) -> object:
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            raise self._error(event, "is an alias of an anchor that is not complete above it")
        self._grow(anchored.size, event)
        return anchored.value

    def _grow(self, size: int, event: yaml.Event) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            raise self._error(
                event, f"holds more than {MAX_VALUES} values, aliases counted: split the file"
            )
        if len(self._location) > MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels")

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        if not event.implicit[0]:
            return event.value
        tag = self._resolve(yaml.ScalarNode, event.value, (True, False))
        if tag not in _READERS:
            return event.value
        try:
            return _READERS[tag](self._loader, yaml.ScalarNode(tag, event.value))
        except (ValueError, OverflowError):
            message = "looks like a number or a date to YAML, and is none: put it in quotes"
            raise self._error(event, message) from None

    def _sequence(self) -> LinedList:
        items = LinedList()
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.lines.append(_line(event))
            items.append(self._inside(len(items), event))
        return items

    def _mapping(self) -> LinedMapping:
        mapping, inherited = LinedMapping(), list[LinedMapping]()
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, line = self._key(event), _line(event)
            value = self._inside(key, self._next())
            if _is_merge(event):
                inherited += self._merged(value, event)
            elif key in mapping:
                message = f"is there twice, first on line {mapping.lines[key]}: remove one"
                self.flaws.append(DocumentError(line, message, (*self._location, key)))
            else:
                mapping[key], mapping.lines[key] = value, line
        for source in inherited:
            for key in [key for key in source if key not in mapping]:
                mapping[key], mapping.lines[key] = source[key], source.lines[key]
        return mapping

    def _key(self, event: yaml.Event) -> str:
        key = self._value(event)
        if isinstance(key, str):
            return key
        error = self._error(event, "has a key that is no string: put it in quotes")
        if not isinstance(event, yaml.ScalarEvent):
            raise error
        self.flaws.append(error)
        return event.value

    def _merged(self, value: object, event: yaml.Event) -> list[LinedMapping]:
        sources = value if isinstance(value, LinedList) else [value]
        mappings = [source for source in sources if isinstance(source, LinedMapping)]
        if len(mappings) < len(sources):
            raise self._error(event, "<< merges mappings alone")
        return mappings

    def _inside(self, part: str | int, event: yaml.Event) -> object:
        self._location.append(part)
        value = self._value(event)
        self._location.pop()
        return value

    def _error(self, event: yaml.Event, message: str) -> DocumentError:
        return DocumentError(_line(event), message, tuple(self._location))


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
