"""What one process changes of the containers that another one polls, and how that one hears of it.

The news of an account stay in the store until its process has taken them. A notification tells it
to look at once.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection, text

CHANNEL: Final = "threads_exporter"
"""Where the epoch of the process that is concerned is notified."""

_POST = text(
    "INSERT INTO news (account)"
    " SELECT account FROM unnest(CAST(:accounts AS text[])) AS changed (account)"
    " ON CONFLICT DO NOTHING"
)
_NOTIFY = text(
    "SELECT pg_notify(:channel, CAST(epoch AS text)) FROM claims"
    " WHERE account = ANY(CAST(:accounts AS text[])) GROUP BY epoch"
)
_TAKE = text(
    "DELETE FROM news USING claims"
    " WHERE claims.account = news.account AND claims.epoch = :epoch RETURNING news.account"
)


class News:
    """Accounts whose containers or counts were changed, in PostgreSQL."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction

    def post(self, accounts: Collection[str]) -> None:
        """Tell who polls these accounts that they changed, with the transaction under way."""
        named = {"accounts": sorted(accounts), "channel": CHANNEL}
        with self._transaction() as connection:
            connection.execute(_POST, named)
            connection.execute(_NOTIFY, named)

    def take(self, epoch: int) -> Collection[str]:
        """Return the accounts claimed with the epoch that changed since this was last asked."""
        with self._transaction() as connection:
            return frozenset(connection.scalars(_TAKE, {"epoch": epoch}))
