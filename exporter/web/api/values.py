"""The bounds of what the API takes, for the checks and the OpenAPI document alike."""

import re
from typing import Final

from exporter.web.api.node import Node

MOST_CONTAINERS: Final = 1000
MOST_ON_A_PAGE: Final = 1000
USUAL_PAGE: Final = 100
LONGEST_ACCOUNT: Final = 128
LONGEST_ERROR: Final = 16 * 1024

CONTAINER_ID: Final = "[0-9]{1,32}"
# What no configured account's name holds: controls except tab and line feed. Half surrogate
# pairs, which no document in UTF-8 can hold, are refused besides.
ACCOUNT: Final = r"[^\x00-\x08\x0b-\x1f\x7f]+"
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_container_id(text: str) -> bool:
    return re.fullmatch(CONTAINER_ID, text) is not None


def is_account(text: str) -> bool:
    """Tell whether an account may have this name, not whether one has."""
    if len(text) > LONGEST_ACCOUNT or _SURROGATE.search(text):
        return False
    return re.fullmatch(ACCOUNT, text) is not None


def account_in(node: Node) -> str:
    text = node.text()
    if not is_account(text):
        node.refuse_value(f"Must have 1 to {LONGEST_ACCOUNT} characters, no control characters.")
    return text


def container_id_in(node: Node) -> str:
    text = node.text()
    if not is_container_id(text):
        node.refuse_value("Must be 1 to 32 ASCII digits.")
    return text


def error_in(node: Node) -> str:
    text = node.text_or_json()
    if not 1 <= len(text) <= LONGEST_ERROR:
        node.refuse_value(f"Must have 1 to {LONGEST_ERROR} characters.")
    return text
