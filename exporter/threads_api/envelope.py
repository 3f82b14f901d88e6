"""Every shape in which Meta says that a call failed, read into one value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LONGEST_TEXT = 4096
_DIGITS = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_NAMED_CODE = re.compile(r"THREADS_API__[A-Z0-9_]{1,50}", re.ASCII)
_ERROR_TYPE = re.compile(r"[A-Z][A-Za-z]{1,30}Exception", re.ASCII)
_TRACE_ID = re.compile(r"[A-Za-z0-9_/+-]{1,32}", re.ASCII)

_CODE_KEYS = ("code", "error_code")
_SUBCODE_KEYS = ("error_subcode", "subcode")
_TYPE_KEYS = ("type", "error_type")
# The user's texts are localised; they are read all the same, for the patterns that they do hold.
_MESSAGE_KEYS = (
    "message",
    "error_message",
    "error",
    "error_description",
    "error_user_title",
    "error_user_msg",
    *_TYPE_KEYS,
    *_CODE_KEYS,
)


@dataclass(frozen=True, slots=True)
class GraphError:
    """What Meta says of a failed call.

    `message` is all that it says in words, a line for each text, and for matching alone: never
    shown, logged or stored, since Meta repeats what it was sent, access tokens included. The
    rest is safe to show: what does not look like anything that Meta documents was dropped.
    """

    code: int | str | None = None
    subcode: int | None = None
    message: str = field(default="", repr=False)
    error_type: str = ""
    is_transient: bool | None = None
    trace_id: str | None = None


def parse_error(body: object) -> GraphError | None:
    """Return the error that a decoded JSON body holds, None for a body that is no error.

    Known are Graph's envelope, the OAuth endpoints' and the authorize page's flat shapes, an
    `error` that is a mere text (RFC 6749), and what stands inside debug_token's `data`. Nothing
    but an error's presence is relied on; it never raises.
    """
    if not isinstance(body, Mapping):
        return None
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return _read(inner)
    return _read(body) if isinstance(inner, str) or _is_flat(body) else None


def _is_flat(body: Mapping[str, object]) -> bool:
    # A container's healthy answer has an `error_message` of its own, but none of these.
    if "error_type" in body or "error_code" in body:
        return True
    return "code" in body and ("message" in body or "error_message" in body)


def _read(fields: Mapping[str, object]) -> GraphError:
    error_type = _text(_first(fields, _TYPE_KEYS))
    trace_id = _text(fields.get("fbtrace_id"))
    is_transient = fields.get("is_transient")
    return GraphError(
        code=_code(_first(fields, _CODE_KEYS)),
        subcode=_number(_first(fields, _SUBCODE_KEYS)),
        message="\n".join(filter(None, (_text(fields.get(key)) for key in _MESSAGE_KEYS))),
        error_type=error_type if _ERROR_TYPE.fullmatch(error_type) else "",
        is_transient=is_transient if isinstance(is_transient, bool) else None,
        trace_id=trace_id if _TRACE_ID.fullmatch(trace_id) else None,
    )


def _first(fields: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((fields[key] for key in keys if key in fields), None)


def _text(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _code(value: object) -> int | str | None:
    if isinstance(value, str) and _NAMED_CODE.fullmatch(value):
        return value
    return _number(value)


def _number(value: object) -> int | None:
    """Return an integer, written as one or as text; a boolean, a float or a huge number is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    return value if abs(value) < 10**10 else None
