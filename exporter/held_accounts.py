"""The accounts that this process polls and shows: of those it is to have, what it holds now."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from threading import Lock

from exporter.config.settings import AccountSettings, Settings
from exporter.discovery.discovery import AccountSources
from exporter.discovery.elsewhere import Elsewhere
from exporter.domain import Poll, PollJob
from exporter.polling.poller import Poller
from exporter.scheduling.scheduler import PollScheduler
from exporter.scheduling.sharding import Shard
from exporter.stores import OpenStore

_FIRST_ASK_SECONDS = 1.0


class HeldAccounts:
    """Has the poller and the scheduler follow the configuration, the sources and the ownership."""

    def __init__(
        self,
        store: OpenStore,
        shard: Shard,
        poller: Poller,
        scheduler: PollScheduler,
        show: Callable[[], object],
    ) -> None:
        """Have `show` take up into scrapes what is held, each time that this changed."""
        self._store = store
        self._containers = store.containers
        self._ownership = store.ownership
        self._shard = shard
        self._poller = poller
        self._scheduler = scheduler
        self._show = show
        self._lock = Lock()
        self._settings = Settings()
        self._sources = AccountSources()
        self._wanted: Sequence[AccountSettings] = ()
        self._held: Collection[str] = ()
        self.names: Collection[str] = ()
        self.configured = 0

    def have(self, settings: Settings, sources: AccountSources) -> None:
        """Have what these tell of, once it can be had, and nothing else.

        `names` are then the accounts that publishers may name, and `configured` says how many
        there are in all shards together.
        """
        configured = settings.names.keys() | sources.names
        accounts = sources.all_accounts(settings)
        wanted = {account.name for account in accounts}
        self.configured = len(configured)
        self.names = configured if self._store.sharing else wanted
        self._settings, self._sources, self._wanted = settings, sources, accounts
        self._ownership.want(wanted)
        self._hold()
        self._ownership.let_go()

    def list_containers(self, settings: Settings) -> None:
        """Track what these settings list, which tell of the same accounts as those before."""
        self._settings = settings
        self._hold()

    def follow(self) -> None:
        """Poll and show other accounts, if others are held than before."""
        if self._ownership.held is not self._held:
            self._hold()

    def take_news(self, accounts: Collection[str]) -> None:
        """Show what other processes changed of these accounts, and ask about what is new."""
        for account in accounts:
            self._poller.show_containers(account)
        self.poll_soon(filter(self._containers.has_open, accounts))

    def poll_soon(self, accounts: Iterable[str]) -> None:
        """Have polls ask about new containers: each about all that its account has by then."""
        interval = self._settings.polling.containers.interval
        held = filter(self._ownership.holds, accounts)
        jobs = {(Poll.CONTAINER, account): interval for account in held}
        self._scheduler.run_within(_FIRST_ASK_SECONDS, jobs)

    def _hold(self) -> None:
        """Poll and show what is held now."""
        with self._lock:
            self._held = held = self._ownership.held
            mine = [account for account in self._wanted if account.name in held]
            others = {account.name for account in self._wanted}.difference(held)
            elsewhere = Elsewhere(self._shard.has, self._sources.know_all, others)
            due = self._poller.hold(self._settings, mine, elsewhere)
            self._scheduler.plan(self._intervals(mine), at_once=due)
        self._show()

    def _intervals(self, accounts: Iterable[AccountSettings]) -> Mapping[PollJob, float]:
        polling = self._settings.polling
        names = [account.name for account in accounts]
        with_containers = filter(self._containers.has_containers, names)
        return dict(
            chain(
                (((Poll.QUOTA, name), polling.quota.interval) for name in names),
                (((Poll.TOKEN, name), polling.token.interval) for name in names),
                (((Poll.CONTAINER, name), polling.containers.interval) for name in with_containers),
            )
        )
