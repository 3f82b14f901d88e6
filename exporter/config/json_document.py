"""JSON to values with their lines."""

import json
import re
from pathlib import Path

from exporter.config.document import Document, DocumentError, LinedList, read_text

_BETWEEN_ITEMS = re.compile(r"[\s,]*")


def read_json(file: Path) -> Document:
    """Parse a JSON file, with the line of every item if it is a list; raises DocumentError."""
    text = read_text(file)
    try:
        value = json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        raise DocumentError(error.lineno, f"is not valid JSON: {error.msg}") from None
    except RecursionError:
        raise DocumentError(1, "is nested too deep") from None
    return Document(file, _read_items(text) if isinstance(value, list) else value)


def _read_items(text: str) -> LinedList:
    """Read the list again, item by item, from text that is known to be valid."""
    items, line, position = LinedList(), 1, text.index("[") + 1
    line += text.count("\n", 0, position)
    while text[begin := _end_of_gap(text, position)] != "]":
        line += text.count("\n", position, begin)
        item, position = item_decoder(line, len(items)).raw_decode(text, begin)
        items.append(item)
        items.lines.append(line)
        line += text.count("\n", begin, position)
    return items


def _end_of_gap(text: str, position: int) -> int:
    gap = _BETWEEN_ITEMS.match(text, position)
    return gap.end() if gap else position


def item_decoder(line: int, index: int) -> json.JSONDecoder:
    """Return what decodes an item of a list; it raises DocumentError for a key that is repeated."""

    def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            raise DocumentError(line, "has a key twice: remove one", (index,))
        return mapping

    return json.JSONDecoder(parse_int=float, object_pairs_hook=without_duplicates)
