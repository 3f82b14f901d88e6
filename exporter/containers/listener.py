"""Notifications of a PostgreSQL server, on a connection of their own."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import psycopg
from psycopg import sql

from exporter.containers.time_limit import time_limit
from exporter.containers.timed_connection import TimedConnection
from exporter.containers.trouble import StoreError


class PostgresqlListener:
    """Connects when it is first needed, and anew after an error.

    Behind a pooler that shares connections between transactions it hears nothing.
    """

    def __init__(
        self,
        connect: Callable[[], TimedConnection],
        channel: str,
        concerned: Callable[[str], bool],
        *,
        timeout: float,
        explain: Callable[[psycopg.Error], StoreError],
    ) -> None:
        """Wait for notifications whose payload is of concern."""
        self._connect = connect
        self._channel = channel
        self._concerned = concerned
        self._timeout = timeout
        self._explain = explain
        self._connection: TimedConnection | None = None

    def wait(self, seconds: float) -> bool:
        until = monotonic() + seconds
        try:
            connection = self._connected()
            while (left := until - monotonic()) > 0:
                heard = [*connection.notifies(timeout=left, stop_after=1)]
                if any(self._concerned(notice.payload) for notice in heard):
                    return True
        except psycopg.Error as error:
            self.close()
            raise self._explain(error) from None
        return False

    def _connected(self) -> TimedConnection:
        if self._connection is None:
            with time_limit(self._timeout):
                connection = self._connect()
                connection.autocommit = True
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            self._connection = connection
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
