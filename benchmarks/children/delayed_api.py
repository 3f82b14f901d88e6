"""Meta's API over HTTPS, which takes its time to answer and notes when it was asked."""

import asyncio
import json
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from benchmarks.answers import ANSWERS, CONTAINER
from benchmarks.children.commands import obey

_QUOTAS = "threads_publishing_limit"


def _response(answer: object) -> bytes:
    body = json.dumps(answer).encode("ascii")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode("ascii") + body


_RESPONSES: Mapping[str, bytes] = {name: _response(answer) for name, answer in ANSWERS.items()}
_OTHER = _response(CONTAINER)


class DelayedApi:
    """Answers each request after `delay` seconds."""

    def __init__(self) -> None:
        self.delay = 0.0
        self._arrivals: list[tuple[str, float]] = []
        self.asked = 0

    def set_delay(self, seconds: float) -> None:
        self.delay = seconds

    def note(self, user: str) -> None:
        self.asked += 1
        self._arrivals.append((user, time.monotonic()))

    def take_arrivals(self) -> list[tuple[str, float]]:
        """Return whose quotas were asked for since the last time, and at which monotonic time."""
        taken, self._arrivals = self._arrivals, []
        return taken


class _Connection(asyncio.Protocol):
    def __init__(self, api: DelayedApi) -> None:
        self._api = api
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode("ascii").partition("?")[0]
            self._answer(*path.split("/")[-2:])

    def _answer(self, user: str, what: str) -> None:
        if what == _QUOTAS:
            self._api.note(user)
        response = _RESPONSES.get(what, _OTHER)
        asyncio.get_running_loop().call_later(self._api.delay, self._transport.write, response)


def _serve(api: DelayedApi, folder: Path, ports: list[int], listening: threading.Event) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(api), "127.0.0.1", 0, ssl=tls)
        ports.append(server.sockets[0].getsockname()[1])
        listening.set()
        await server.serve_forever()

    asyncio.run(serve())


def main() -> None:
    api = DelayedApi()
    ports: list[int] = []
    listening = threading.Event()
    arguments = (api, Path(sys.argv[1]), ports, listening)
    threading.Thread(target=_serve, args=arguments, daemon=True).start()
    listening.wait()
    obey(
        {
            "port": lambda: ports[0],
            "delay": api.set_delay,
            "arrivals": api.take_arrivals,
            "asked": lambda: api.asked,
        }
    )


if __name__ == "__main__":
    main()
