import json
import re
from collections.abc import Iterator
from itertools import count

from exporter.config.document import DocumentError
from exporter.config.json_document import item_decoder

_BLANKS = re.compile(r"[ \t\n\r]*")


def items_of(text: str) -> Iterator[object]:
    """Yield the items of a JSON list, one by one: of a long one, most are not kept.

    Raises DocumentError where it is none, though it may be after many items.
    """
    try:
        yield from _items(text)
    except json.JSONDecodeError as error:
        message = f"is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise DocumentError(0, message) from None
    except RecursionError:
        raise DocumentError(0, "is nested too deep") from None


def _items(text: str) -> Iterator[object]:
    position = _after_blanks(text, 0)
    if not text.startswith("[", position):
        raise DocumentError(0, "is no JSON list")
    position = _after_blanks(text, position + 1)
    if text.startswith("]", position):
        _require_end(text, position + 1)
        return
    for index in count():
        item, position = item_decoder(0, index).raw_decode(text, position)
        yield item
        position = _after_blanks(text, position)
        if text.startswith("]", position):
            _require_end(text, position + 1)
            return
        if not text.startswith(",", position):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        position = _after_blanks(text, position + 1)


def _require_end(text: str, position: int) -> None:
    end = _after_blanks(text, position)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position
