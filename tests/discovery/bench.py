from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from exporter.config.settings import AccountHttpSd, AccountSettings, Settings
from exporter.discovery.discovery import AccountDiscovery, Consumer
from exporter.domain import SourceStatus
from exporter.secret import Redactor
from exporter.threads_api.network import Network
from exporter.token_troubles import TokenTroubles
from tests.clock import ControlledClock


@dataclass
class Bench:
    """A discovery that is asked step by step, and what its consumer has adopted.

    `own` are the names of the accounts that it wants, None for all; `read` counts those it read.
    """

    network: Network
    clock: ControlledClock
    settings: Settings = field(default_factory=Settings)
    own: frozenset[str] | None = None
    adopted: list[Mapping[str, str]] = field(default_factory=list)
    fault: Exception | None = None
    redactor: Redactor = field(default_factory=Redactor)
    tokens_failed: int = 0
    read: int = 0
    turn: Lock = field(default_factory=Lock)
    discovery: AccountDiscovery = field(init=False)

    def __post_init__(self) -> None:
        consumer = Consumer(
            settings=lambda: self.settings,
            wanted=self._wants,
            keeps_containers=lambda: True,
            turn=self._held,
            adopt=self._adopt,
        )
        self.discovery = AccountDiscovery(
            consumer,
            network=self.network,
            redactor=self.redactor,
            troubles=TokenTroubles(self._token_failed),
            clock=self.clock,
        )

    def configure(self, *sources: AccountHttpSd, accounts: Sequence[AccountSettings] = ()) -> None:
        """Load these settings, as the exporter does at its start and at a reload."""
        settings = Settings(accounts=tuple(accounts), account_http_sd=sources)
        with self.turn:
            self.discovery.use(self.discovery.read(settings))
            self.settings = settings

    def ask(self, after: float = 0.0) -> Sequence[SourceStatus]:
        """Ask what is due once these seconds have passed, and wait for the answers."""
        self.clock.advance(after)
        self.discovery.start(30)
        return self.discovery.statuses()

    @property
    def tokens(self) -> Mapping[str, str]:
        accounts = self.discovery.sources.all_accounts(self.settings)
        discovered = accounts[len(self.settings.accounts) :]
        return {account.name: account.token.read().reveal() for account in discovered}

    def _wants(self, name: str) -> bool:
        self.read += 1
        return self.own is None or name in self.own

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self.turn:
            yield

    def _adopt(self) -> None:
        assert self.turn.locked()
        if self.fault is not None:
            raise self.fault
        self.adopted.append(self.tokens)

    def _token_failed(self) -> None:
        self.tokens_failed += 1
