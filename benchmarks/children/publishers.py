"""Publishers that register containers over HTTP, several at once, each on its own connection."""

import http.client
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import count

from benchmarks.children.commands import obey
from benchmarks.children.threads import in_threads

_FIRST_CONTAINER = 18_000_000_000_000_000
_BATCH = 1_000


class Publishers:
    def __init__(self, token: str, port: int, accounts: int, clients: int) -> None:
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        self._port = port
        self._accounts = accounts
        self._clients = clients
        self._numbers = count()
        self._local = threading.local()

    def one_by_one(self, containers: int) -> float:
        """Return the containers registered a second, a request each."""
        return self._rate([self._container() for _ in range(containers)], containers)

    def in_batches(self, containers: int) -> float:
        """Return the containers registered a second, a thousand in a request."""
        batches = [
            {"containers": [self._container() for _ in range(_BATCH)]}
            for _ in range(containers // _BATCH)
        ]
        return self._rate(batches, containers // _BATCH * _BATCH)

    def _rate(self, bodies: Sequence[Mapping[str, object]], containers: int) -> float:
        requests = [json.dumps(body).encode("ascii") for body in bodies]
        started = time.perf_counter()
        in_threads(self._clients, self._post, requests)
        return containers / (time.perf_counter() - started)

    def _container(self) -> Mapping[str, object]:
        number = next(self._numbers)
        return {
            "account": f"account-{number % self._accounts:06d}",
            "container_id": str(_FIRST_CONTAINER + number),
        }

    def _post(self, body: bytes) -> None:
        connection = self._connection()
        connection.request("POST", "/api/v1/containers", body, self._headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"answered {answer.status}: {content[:500]!r}")

    def _connection(self) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if not isinstance(connection, http.client.HTTPConnection):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._local.connection = connection
        return connection


def main() -> None:
    token, *numbers = sys.argv[1:]
    publishers = Publishers(token, *map(int, numbers))
    obey({"one by one": publishers.one_by_one, "in batches": publishers.in_batches})


if __name__ == "__main__":
    main()
