"""Calls over TLS with nothing around them, to see what the API side can answer at most."""

import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.children.commands import obey

_REQUEST = (
    b"GET /v1.0/17841400000000000/threads_publishing_limit HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
)
_ANSWER_BYTES = 16_384
_OK = b"HTTP/1.1 200 "


class RawCalls:
    def __init__(self, port: int, ca_file: Path) -> None:
        self._address = ("127.0.0.1", port)
        self._tls = ssl.create_default_context(cafile=ca_file)

    def rate(self, connections: int, seconds: float) -> float:
        """Return the calls a second over so many connections."""
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(connections) as pool:
            return sum(pool.map(self._call_until, [end] * connections)) / seconds

    def _call_until(self, end: float) -> int:
        number = 0
        with (
            socket.create_connection(self._address) as plain,
            self._tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            while time.monotonic() < end:
                connection.sendall(_REQUEST)
                if not connection.recv(_ANSWER_BYTES).startswith(_OK):
                    raise RuntimeError("the API did not answer 200")
                number += 1
        return number


def main() -> None:
    calls = RawCalls(int(sys.argv[1]), Path(sys.argv[2]))
    obey({"rate": calls.rate})


if __name__ == "__main__":
    main()
