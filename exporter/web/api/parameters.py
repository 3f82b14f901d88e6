"""Query parameters and cursors, from text to values."""

import re
from collections.abc import Collection, Mapping
from typing import Final, NoReturn

from starlette.datastructures import QueryParams

from exporter.domain import ContainerStatus
from exporter.web.api.backend import ContainerQuery
from exporter.web.api.codes import ErrorCode, RefusedError
from exporter.web.api.values import MOST_ON_A_PAGE, USUAL_PAGE, is_account, is_container_id

CONTAINER_CURSOR: Final = "(3[0-9]){1,32}"
ACCOUNT_CURSOR: Final = "([0-9a-f]{2}){1,512}"
_LIMIT = re.compile("[1-9][0-9]{0,3}")


def cursor_after(last: str) -> str:
    """Return the cursor of the page that follows the one that ends with `last`."""
    return last.encode().hex()


def read_container_query(parameters: QueryParams) -> ContainerQuery:
    given = _given(parameters, ("account", "status", "limit", "cursor"))
    account, status = given.get("account"), given.get("status")
    if account is not None and not is_account(account):
        _refuse("account must be the name of an account.")
    if status is not None and status not in {*ContainerStatus}:
        _refuse(f"status must be one of {', '.join(ContainerStatus)}.")
    return ContainerQuery(
        limit=_limit(given),
        after=_after(given, CONTAINER_CURSOR),
        account=account,
        status=None if status is None else ContainerStatus(status),
    )


def read_account_page(parameters: QueryParams) -> tuple[int, str]:
    """Return the limit, and the name after which the page begins."""
    given = _given(parameters, ("limit", "cursor"))
    return _limit(given), _after(given, ACCOUNT_CURSOR)


def read_container_id(path: Mapping[str, str]) -> str:
    container_id = path["container_id"]
    if not is_container_id(container_id):
        _refuse("container_id must be 1 to 32 ASCII digits.")
    return container_id


def _given(parameters: QueryParams, known: Collection[str]) -> Mapping[str, str]:
    pairs = parameters.multi_items()
    given = dict(pairs)
    if not given.keys() <= {*known}:
        _refuse(f"There are no other parameters than {', '.join(known)}.")
    if len(given) < len(pairs):
        _refuse("A parameter is given twice.")
    return given


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(USUAL_PAGE))
    if not _LIMIT.fullmatch(text) or int(text) > MOST_ON_A_PAGE:
        _refuse(f"limit must be a whole number from 1 to {MOST_ON_A_PAGE}.")
    return int(text)


def _after(given: Mapping[str, str], pattern: str) -> str:
    cursor = given.get("cursor")
    if cursor is None:
        return ""
    if not re.fullmatch(pattern, cursor):
        _refuse("cursor must be the next_cursor of an earlier answer.")
    return bytes.fromhex(cursor).decode(errors="replace")


def _refuse(message: str) -> NoReturn:
    raise RefusedError(ErrorCode.INVALID_PARAMETER, message)
