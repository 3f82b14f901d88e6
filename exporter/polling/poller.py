"""All that polling needs, put together from the settings, and anew when these change."""

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from random import Random
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from exporter.clock import Clock
from exporter.config.settings import (
    AccountSettings,
    ApiSettings,
    AuthMode,
    ContainerPollSettings,
    Settings,
)
from exporter.containers.lifecycle import LifecycleRules
from exporter.containers.registry import ContainerRegistry, TrackingRules
from exporter.domain import PausedScope, Poll, PollJob, PollResult
from exporter.observations import changes
from exporter.observations.store import Observations
from exporter.polling.budget import CallBudget
from exporter.polling.calls import INSPECTOR, Calls, account_key, app_key
from exporter.polling.containers import ContainerPoll
from exporter.polling.pauses import Pauses
from exporter.polling.polls import AccountPoll, Polls
from exporter.polling.quota import QuotaPoll
from exporter.polling.roster import Roster
from exporter.polling.token import TokenPoll
from exporter.secret import Redactor
from exporter.threads_api.catalogue import entry_named
from exporter.threads_api.client import RequestObserver, ThreadsClient
from exporter.threads_api.http import HttpTransport
from exporter.threads_api.network import Network
from exporter.token_troubles import TokenTroubles
from exporter.version import VERSION


class PollerObserver(RequestObserver, Protocol):
    def token_reload_failed(self) -> None:
        """Take note of a token whose file has changed and cannot be read."""
        ...


class Poller:
    """Polls the configured accounts; what it learnt of them outlives a change of settings."""

    def __init__(
        self,
        observations: Observations,
        containers: ContainerRegistry,
        *,
        observer: PollerObserver,
        redactor: Redactor,
        clock: Clock,
    ) -> None:
        self._observations = observations
        self._fresh: Collection[str] = ()
        self._observer = observer
        self._clock = clock
        self._changing = Lock()
        self._network = Network()
        self._api = ApiSettings()
        self._transport, self._client = self._connect(self._api)
        self._roster = Roster(redactor, TokenTroubles(observer.token_reload_failed))
        self._budget = CallBudget(clock, ledger=containers.calls, failed=containers.store_failed)
        self._pauses = Pauses(clock, Random())  # noqa: S311 — jitter is no secret
        self._containers = containers
        self._give_way: Callable[[], object] = lambda: None
        self._calls = Calls(self._budget, self._pauses, observations, clock)
        self._polls = Polls({}, {}, self._calls)

    def give_way_by(self, give_way: Callable[[], object]) -> None:
        """Have this be called between the calls of one poll; before the first `apply`."""
        self._give_way = give_way

    def apply(self, settings: Settings, accounts: Sequence[AccountSettings]) -> None:
        """Be ready to poll these accounts by these settings; `hold` says which of them to poll.

        Raises SecretUnreadableError before anything is changed.
        """
        with self._changing:
            self._apply(settings, accounts)

    def _apply(self, settings: Settings, accounts: Sequence[AccountSettings]) -> None:
        fresh = self._roster.adopt(accounts, settings.polling.token.inspector)
        self._fresh = {*self._fresh, *fresh}
        self._budget.limit = settings.polling.call_budget
        if settings.api != self._api:
            self._api = settings.api
            self._transport.close()
            self._transport, self._client = self._connect(settings.api)
        self._polls = self._new_polls()

    def hold(
        self, settings: Settings, accounts: Sequence[AccountSettings], left_alone: Container[str]
    ) -> Sequence[PollJob]:
        """Poll and show these of the accounts; return the polls that are due at once.

        Containers of accounts that are to be left alone stay as they are.
        """
        with self._changing:
            held = {item.name: item for item in accounts if item.name in self._roster.accounts}
            fresh = held.keys() & self._fresh | held.keys() - self._observations.view().keys()
            self._fresh = ()
            self._observations.keep_only(self._roster.accounts[name].identity for name in held)
            self._keep_only(held.values())
            followed = self._follow_containers(settings, held.values(), left_alone)
            return [*self._start_over(fresh), *followed]

    def _follow_containers(
        self,
        settings: Settings,
        accounts: Collection[AccountSettings],
        left_alone: Container[str],
    ) -> Sequence[PollJob]:
        """Track the containers that the settings list; return the polls that are due at once."""
        listed = _listed_containers(settings, accounts)
        extended = self._containers.follow(listed, _tracking_rules(settings), left_alone)
        for name in listed:
            self.show_containers(name)
        return [(Poll.CONTAINER, name) for name in extended]

    def show_containers(self, name: str) -> None:
        """Have the observation tell of the account's containers and reports as they are now."""
        change = changes.containers_counted(self._containers.summary(name))
        self._observations.change(name, change)
        reports = self._containers.reports(name).items()
        entries = ((entry_named(error), number) for error, number in reports)
        known = {entry.known: number for entry, number in entries if entry is not None}
        self._observations.change(name, changes.errors_reported(MappingProxyType(known)))

    def refresh_tokens(self) -> Sequence[PollJob]:
        """Take up the tokens of changed files; return the polls that are due at once."""
        with self._changing:
            return self._start_over(self._roster.refresh_tokens())

    def run(self, name: str, poll: Poll) -> PollResult:
        return self._polls.run(name, poll)

    def calls_24h(self, name: str) -> int:
        return self._budget.spent(account_key(name))

    @property
    def network(self) -> Network:
        """What all calls go through, until `close` cuts them."""
        return self._network

    @property
    def calls_are_kept(self) -> bool:
        """Tell whether the store takes the calls that are spent, if there is one."""
        return self._budget.is_kept

    def keep_calls(self) -> None:
        """See to it that the store has the calls that are spent, and those to come."""
        self._budget.keep()

    @property
    def inspector_token_valid(self) -> bool | None:
        return self._roster.inspector.valid if self._roster.inspector else None

    def paused_scopes(self) -> Mapping[PausedScope, int]:
        """Return how many of each are paused now."""
        return self._calls.paused_scopes()

    def dead_threads(self) -> Iterator[str]:
        """Yield the names of the threads that calls need and that died."""
        return self._network.dead_threads()

    def close(self) -> None:
        """Cut the calls under way and let go of all connections."""
        self._polls.close()
        self._network.close()
        self._transport.close()
        self._budget.close()

    def _keep_only(self, accounts: Collection[AccountSettings]) -> None:
        keys = {account_key(account.name) for account in accounts}
        self._budget.adopt({INSPECTOR} | keys if self._roster.inspector else keys)
        self._pauses.keep_only({INSPECTOR} | keys | {app_key(item.app) for item in accounts})

    def _new_polls(self) -> Polls:
        client = self._client
        polls: Mapping[Poll, AccountPoll] = {
            Poll.QUOTA: QuotaPoll(client, self._calls),
            Poll.TOKEN: TokenPoll(client, self._calls, self._roster.inspector),
            Poll.CONTAINER: ContainerPoll(client, self._calls, self._containers, self._give_way),
        }
        return Polls(self._roster.accounts, polls, self._calls)

    def _connect(self, settings: ApiSettings) -> tuple[HttpTransport, ThreadsClient]:
        transport = HttpTransport(
            network=self._network,
            timeout=settings.timeout,
            user_agent=f"threads-exporter/{VERSION}",
            ca_file=settings.ca_file,
            proxy_url=settings.proxy_url,
        )
        client = ThreadsClient(
            transport,
            base_url=settings.base_url,
            token_in_query=settings.auth is AuthMode.QUERY,
            clock=self._clock,
            observer=self._observer,
        )
        return transport, client

    def _start_over(self, names: Collection[str]) -> Sequence[PollJob]:
        for name in names:
            change = changes.token_replaced(self._roster.accounts[name].unread_token)
            self._observations.change(name, change)
        return [(poll, name) for name in names for poll in (Poll.QUOTA, Poll.TOKEN)]


def _tracking_rules(settings: Settings) -> TrackingRules:
    return TrackingRules(
        lifecycle=_lifecycle_rules(settings.polling.containers),
        retention=settings.containers.retention,
        max_tracked=settings.containers.max_tracked,
        with_statuses=settings.containers.per_container_metrics,
    )


def _lifecycle_rules(settings: ContainerPollSettings) -> LifecycleRules:
    """Return Meta's advice, all of it quicker where less patience is configured."""
    usual = LifecycleRules()
    pace = min(settings.give_up_after / usual.give_up_after, 1.0)
    return LifecycleRules(
        interval=settings.interval,
        give_up_after=settings.give_up_after,
        later_asks=tuple(age * pace for age in usual.later_asks),
        lost_after=usual.lost_after * pace,
    )


def _listed_containers(
    settings: Settings, accounts: Collection[AccountSettings]
) -> Mapping[str, Collection[str]]:
    in_files: dict[str, list[str]] = defaultdict(list)
    for entry in settings.container_entries:
        in_files[entry.account].append(entry.container_id)
    return {item.name: dict.fromkeys((*item.containers, *in_files[item.name])) for item in accounts}
