"""Accounts that sources tell of over HTTP, in the manner of Prometheus' HTTP service discovery.

A source is asked in a thread of its own, which ends with the answer: one that hangs holds up
neither the others nor anything else. What it says is held in memory alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from time import monotonic

import structlog

from exporter.clock import Clock
from exporter.config.discovered import DiscoveredAccounts, Surroundings, read_discovered
from exporter.config.problems import ConfigError
from exporter.config.settings import AccountHttpSd, AccountSettings, Settings
from exporter.discovery.listing import ListingError
from exporter.discovery.source import Source
from exporter.domain import SourceStatus
from exporter.secret import Redactor
from exporter.threads_api.network import Network
from exporter.token_troubles import TokenTroubles

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccountSources:
    """All sources, with what they answered."""

    items: tuple[Source, ...] = ()

    def all_accounts(self, settings: Settings) -> Sequence[AccountSettings]:
        """Return the accounts of this shard: the configuration's, and those of the sources.

        The configuration goes first where it has got a name since: the source's next answer is
        refused for it.
        """
        found = {name: account for each in self.answers() for name, account in each.own.items()}
        for name in settings.names if found else ():
            found.pop(name, None)
        return (*settings.accounts, *found.values())

    def answers(self) -> Iterator[DiscoveredAccounts]:
        yield from (item.answer for item in self.items if item.answer is not None)

    @property
    def names(self) -> AbstractSet[str]:
        """The names of all accounts that they told of, whoever polls them."""
        return frozenset().union(*(answer.names for answer in self.answers()))

    @property
    def know_all(self) -> bool:
        """Tell whether each has answered: what is not among the accounts then is gone."""
        return all(item.answer is not None for item in self.items)

    def beside(self, source: Source) -> Mapping[str, DiscoveredAccounts]:
        """Return the answers of the others, by their places."""
        return {
            item.place: item.answer
            for item in self.items
            if item is not source and item.answer is not None
        }


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who polls the accounts.

    `wanted` tells which of them, `keeps_containers` whether their containers can be tracked.
    `adopt` takes up what there is now, within a `turn`, in which the `settings` stay as they are.
    """

    settings: Callable[[], Settings]
    wanted: Callable[[str], bool]
    keeps_containers: Callable[[], bool]
    turn: Callable[[], AbstractContextManager[None]]
    adopt: Callable[[], object]


class AccountDiscovery:
    """Asks the sources, and keeps the last good answer of each."""

    def __init__(
        self,
        consumer: Consumer,
        *,
        network: Network,
        redactor: Redactor,
        troubles: TokenTroubles,
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._network = network
        self._redactor = redactor
        self._troubles = troubles
        self._clock = clock
        self.sources = AccountSources()

    def read(self, settings: Settings) -> AccountSources:
        """Return the sources of these settings; raises SecretUnreadableError."""
        entries = enumerate(settings.account_http_sd)
        return AccountSources(tuple(self._source(index, entry) for index, entry in entries))

    def _source(self, index: int, entry: AccountHttpSd) -> Source:
        same_url = (item for item in self.sources.items if item.settings.url == entry.url)
        former = next(same_url, None)
        if former is not None and former.settings == entry:
            return former
        source = Source(index, entry, self._network)
        if former is not None:
            source.continue_from(former)
        return source

    def use(self, sources: AccountSources) -> None:
        """Ask these sources from now on, soon and whether they were asked before or not.

        Called within a turn, or before the start.
        """
        for index, source in enumerate(sources.items):
            source.index = index
            source.digest = b""
            source.due_at = 0.0
        self.sources = sources

    def unanswered(self) -> Sequence[str]:
        """Return the places of the sources of which no answer is in force yet."""
        sources = self.sources.items
        return [source.place for source in sources if source.last_success_at is None]

    def statuses(self) -> Sequence[SourceStatus]:
        return [source.status for source in self.sources.items]

    def start(self, patience: float) -> None:
        """Ask all sources, and wait so many seconds at most until each was asked once."""
        self.ask_due()
        end = monotonic() + patience
        for source in self.sources.items:
            source.wait(max(end - monotonic(), 0.0))

    def ask_due(self) -> None:
        now = self._clock.monotonic()
        for source in self.sources.items:
            if source.is_due(now):
                self._start_asking(source, now)

    def close(self) -> None:
        """Take up nothing any more; what is asked just now is left to the network's end."""
        with self._consumer.turn():
            self.sources = AccountSources()

    def _start_asking(self, source: Source, now: float) -> None:
        try:
            source.start_asking(partial(self._ask, source, now))
        except RuntimeError:
            self._note_failure(source, [f"{source.place}: no thread is to be had to ask it"], now)

    def _ask(self, source: Source, now: float) -> None:
        defect: Exception | None = None
        try:
            content = source.listing.fetch(source.bearer(self._redactor, self._troubles))
            self._take(source, content)
        except ListingError as error:
            problems: Sequence[str] = [f"{source.place}: {error}"]
        except ConfigError as error:
            problems = [str(problem) for problem in error.problems]
        except Exception as error:  # noqa: BLE001 — want of memory, for one, may be over next time
            problems, defect = [f"{source.place}: {type(error).__name__}: the log says more"], error
        else:
            if source.answered(self._clock.wall(), now):
                _log.info("the source of accounts answers well again", source=source.place)
            return
        self._note_failure(source, problems, now, defect)

    def _note_failure(
        self, source: Source, problems: Sequence[str], now: float, defect: Exception | None = None
    ) -> None:
        host = source.listing.host
        for problem in source.failed(problems, now):
            _log.error("accounts not taken", host=host, problem=problem, exc_info=defect)

    def _take(self, source: Source, content: bytes) -> None:
        """Have the accounts polled, if they are others than before; raises ConfigError."""
        digest = blake2b(content).digest()
        if digest == source.digest:
            return
        with self._consumer.turn():
            if source not in self.sources.items:
                return
            accounts = read_discovered(content, source.place, self._surroundings(source))
            if accounts != source.answer:
                self._adopt(source, accounts)
            source.digest = digest

    def _surroundings(self, source: Source) -> Surroundings:
        return Surroundings(
            self._consumer.settings(),
            self.sources.beside(source),
            wanted=self._consumer.wanted,
            keeps_containers=self._consumer.keeps_containers(),
        )

    def _adopt(self, source: Source, accounts: DiscoveredAccounts) -> None:
        before = source.exchange(accounts)
        try:
            self._consumer.adopt()
        except BaseException:
            source.exchange(before)
            raise
        _log.info("accounts discovered", source=source.place, accounts=len(accounts.own))
