from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from exporter.clock import Clock, SystemClock
from exporter.config.web_settings import WebSettings
from exporter.observations.model import AccountObservation


class UnknownAccountError(Exception):
    """No account of that name is configured."""


class Exposition(Protocol):
    """Metrics as they go over the wire."""

    @property
    def chunks(self) -> Sequence[bytes]: ...

    @property
    def content_type(self) -> str: ...

    @property
    def content_encoding(self) -> str | None: ...


class Backend(Protocol):
    """What the web server shows and triggers.

    `unhealthy`, `unpolled` and `undiscovered` are called in the event loop: they answer from memory
    and wait for nothing. The others are called in worker threads, several at once.
    """

    def expose(self, accept: str, accept_encoding: str, names: Sequence[str]) -> Exposition:
        """Return all metrics, or those in `names` (the `name[]` parameters) if there are any."""
        ...

    def probe(
        self, account: str, timeout: float | None, accept: str, accept_encoding: str
    ) -> Exposition:
        """Poll the account now, within `timeout` seconds; raises UnknownAccountError."""
        ...

    def unhealthy(self) -> Sequence[str]:
        """Return why the exporter is not healthy, a sentence each; empty when it is."""
        ...

    def unpolled(self) -> int:
        """Return how many accounts were never polled."""
        ...

    def undiscovered(self) -> Sequence[str]:
        """Return the places in the configuration of sources that told of no accounts yet."""
        ...

    def reload(self) -> Sequence[str]:
        """Reload the configuration and return its problems; empty when it is in force."""
        ...

    def configuration(self) -> str:
        """Return the running configuration as YAML, secrets masked."""
        ...

    def accounts(self) -> Mapping[str, AccountObservation]:
        """Return what was last seen of each account, by name."""
        ...


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What the command line says of the web server; `max_requests` 0 means no limit.

    `settings` tells what the web configuration says now, `is_api_token` whether a token is the
    registration API's; both are called in the event loop.
    """

    version: str
    telemetry_path: str = "/metrics"
    max_requests: int = 40
    lifecycle_enabled: bool = False
    clock: Clock = field(default_factory=SystemClock)
    settings: Callable[[], WebSettings] = WebSettings
    is_api_token: Callable[[str], bool] = field(default=lambda _: False)
