"""What the tests call Meta's stand-in with, and what they take note of."""

from dataclasses import dataclass, field
from typing import Any

from exporter.domain import Endpoint, FailureReason
from exporter.secret import Secret
from exporter.threads_api.http import HttpAnswer, HttpTransport, NoAnswerError
from exporter.threads_api.network import Network


def new_transport(network: Network, *, timeout: float = 10.0, **options: Any) -> HttpTransport:
    return HttpTransport(
        network=network, timeout=timeout, user_agent="threads-exporter/test", **options
    )


@dataclass(frozen=True)
class Caller:
    """Asks for `/me` by a transport."""

    transport: HttpTransport
    base_url: str
    token: str = "sim-token-acme"

    def get(self, path: str = "me", **query: str) -> HttpAnswer:
        return self.transport.get(f"{self.base_url}/{path}", query, Secret(self.token))

    def status(self) -> int:
        return self.get().status

    def failure(self) -> FailureReason | None:
        """Return why the call had no answer, None when it had one."""
        try:
            self.get()
        except NoAnswerError as error:
            return error.reason
        return None


@dataclass
class NotedRequests:
    """A request observer that remembers."""

    finished: list[tuple[Endpoint, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    unreadable: int = 0

    def request_finished(self, endpoint: Endpoint, code: str, seconds: float) -> None:
        self.finished.append((endpoint, code))
        self.seconds.append(seconds)

    def headers_unreadable(self, count: int) -> None:
        self.unreadable += count
