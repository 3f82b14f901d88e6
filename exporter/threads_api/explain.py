import json
import re

from exporter.threads_api.catalogue import UNKNOWN_ERROR, Entry, classify, entry_named
from exporter.threads_api.envelope import GraphError, parse_error

_CODE = re.compile(r"(-?[0-9]{1,10})(?:\s*/\s*([0-9]{1,10}))?", re.ASCII)
_CODE_IN_MESSAGE = re.compile(r"\(#([0-9]{1,10})\)", re.ASCII)


def explain(text: str) -> Entry | None:
    """Return the known error that a text is about, None where it is about none.

    The text is an entry's name, a code (`190`, `190/463`), a subcode or HTTP status alone, a
    code in words, an error body as Meta sent it (other text around it does no harm), or a message.
    """
    text = text.strip()
    return entry_named(text.casefold()) or _of_number(text) or _of_body(text) or _of_message(text)


def describe(entry: Entry) -> str:
    """Return what an entry says as lines for a terminal."""
    known = entry.known
    matched_by = ", ".join(str(matcher) for matcher in entry.matches)
    return (
        f"{known.name}: {entry.meaning}\n"
        f"  category:   {known.category}\n"
        f"  action:     {known.action}\n"
        f"  solution:   {known.solution}\n"
        f"  matched by: {matched_by}"
    )


def _of_number(text: str) -> Entry | None:
    match = _CODE.fullmatch(text)
    if match is None:
        return None
    number, subcode = int(match[1]), match[2]
    if subcode is not None:
        return _known(GraphError(code=number, subcode=int(subcode)))
    return (
        _known(GraphError(code=number))
        or _known(GraphError(subcode=number))
        or _known(GraphError(), http_status=number)
    )


def _of_body(text: str) -> Entry | None:
    try:
        body = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except (ValueError, RecursionError):
        return None
    data = body.get("data") if isinstance(body, dict) else None
    error = parse_error(body) or parse_error(data)
    return None if error is None else _known(error)


def _of_message(text: str) -> Entry | None:
    """Look for patterns in the whole text, after a code that Graph put before its message."""
    match = _CODE_IN_MESSAGE.search(text)
    return _known(GraphError(code=int(match[1]) if match else None, message=text))


def _known(error: GraphError, http_status: int | None = None) -> Entry | None:
    entry = classify(error, http_status)
    return None if entry is UNKNOWN_ERROR else entry
