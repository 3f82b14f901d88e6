"""The rooms wired together; what the web server shows and triggers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from platform import python_version
from time import monotonic

import structlog

from exporter.clock import Clock
from exporter.config.display import show_settings
from exporter.config.file_patterns import files_signature
from exporter.config.loading import load_settings, reread_containers
from exporter.config.settings import Settings
from exporter.config.web_settings import WebSettings
from exporter.descriptors import CallSlots, descriptor_limit
from exporter.discovery.discovery import AccountDiscovery, Consumer
from exporter.domain import Loop, Poll, PollJob, PollResult
from exporter.held_accounts import HeldAccounts
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.exposition import Exposition, Expositions, expose
from exporter.metrics.instruments import Instruments
from exporter.metrics.probe import Probe
from exporter.metrics.registry import account_registry, exporter_registry
from exporter.metrics.state import BuildInfo, ExporterState, Sources
from exporter.observations.model import AccountObservation
from exporter.observations.store import Observations
from exporter.polling.poller import Poller
from exporter.registrar import Registrar
from exporter.registration import Allowances, RegistrationApi
from exporter.reloading import Reloads, RestartNeededError
from exporter.runtime import give_back_memory
from exporter.scheduling.heartbeat import Heartbeats
from exporter.scheduling.right_of_way import RightOfWay
from exporter.scheduling.scheduler import PollScheduler
from exporter.scheduling.sharding import Shard
from exporter.scheduling.waiting import WaitingPolls
from exporter.secret import Redactor
from exporter.stores import open_store
from exporter.threads_api.catalogue import KNOWN_ERRORS
from exporter.token_troubles import TokenTroubles
from exporter.version import REVISION, VERSION
from exporter.web.backend import UnknownAccountError
from exporter.web.protocol import WebObserver
from exporter.web_config import WebConfig

_log = structlog.get_logger(__name__)

_BUILD = BuildInfo(VERSION, REVISION, python_version())
_CONFIGURATION = "configuration"
_ACCOUNT_FILES = "account files"
_CONTAINER_FILES = "container files"
_SILENT_SECONDS = {
    Loop.MAIN: 30.0,
    Loop.POLLS: 30.0,
    Loop.UPKEEP: 60.0,
    Loop.WEB: 30.0,
    Loop.STORE: 60.0,
}
_OVERDUE_SECONDS = 60.0
_LONGEST_POLL_CALLS = 12
_PROBES_AT_ONCE = 8
_DISCOVERY_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class UpkeepIntervals:
    """Seconds between two signs of life, or two looks at files, sources, the store or memory."""

    heartbeat: float = 5.0
    token_files: float = 5.0
    watched_files: float = 10.0
    web_files: float = 5.0
    discovery: float = 1.0
    store: float = 5.0
    retention: float = 60.0
    memory: float = 60.0


_USUAL_UPKEEP = UpkeepIntervals()


class Service:
    """The exporter without its web server: it polls from `start` to `stop`.

    Raises SecretUnreadableError when made with a token that is gone since the settings were read.
    """

    def __init__(
        self,
        config_file: Path,
        settings: Settings,
        *,
        clock: Clock,
        redactor: Redactor,
        shard: Shard,
    ) -> None:
        self._config_file = config_file
        self._web_config = WebConfig(None, WebSettings(), clock)
        self._settings = settings
        self._clock = clock
        self._shard = shard
        self._reloads = Reloads(clock)
        self._log_dropped: Callable[[], int] = int
        self._heartbeats = Heartbeats(clock)
        self._instruments = Instruments()
        self._observations = Observations()
        self._store = open_store(settings, clock, redactor, self._instruments, shard)
        self._containers = self._store.containers
        self._right_of_way = RightOfWay()
        self._ownership = self._store.ownership
        slots = CallSlots(settings.polling.max_in_flight, _PROBES_AT_ONCE)
        slots = slots.within(descriptor_limit())
        self._probes = ThreadPoolExecutor(slots.probes, thread_name_prefix="probe")
        self._poller = Poller(
            self._observations,
            self._containers,
            observer=self._instruments,
            redactor=redactor,
            clock=clock,
        )
        self._poller.give_way_by(self._right_of_way.give)
        troubles = TokenTroubles(self._instruments.token_reload_failed)
        self._registrar = Registrar(redactor, troubles)
        self._discovery = AccountDiscovery(
            Consumer(
                settings=lambda: self._settings,
                wanted=shard.has,
                keeps_containers=lambda: self._containers.store_up is not None,
                turn=self._reloads.held,
                adopt=self._adopt_discovered,
            ),
            network=self._poller.network,
            redactor=redactor,
            troubles=troubles,
            clock=clock,
        )
        self._scheduler = PollScheduler(
            self._poll,
            waiting=WaitingPolls(slots.polls, self._app_of, self._right_of_way.give),
            observer=self._instruments,
            clock=clock,
            beat=partial(self._heartbeats.beat, Loop.POLLS),
        )
        self._sources = Sources(
            accounts=self._observations.view,
            changed=self._observations.take_changed,
            state=self._state,
            rules=lambda: self._settings.polling,
            calls_24h=self._poller.calls_24h,
            clock=clock,
        )
        self._account_lines = AccountLines(self._sources, self._instruments)
        self._expositions = Expositions(
            self._account_lines, exporter_registry(self._sources, self._instruments)
        )
        show = partial(self._account_lines.catch_up, self._heartbeats.go_on)
        self._held = HeldAccounts(self._store, shard, self._poller, self._scheduler, show)
        self.api = RegistrationApi(
            tracked=self._store.tracked,
            names=lambda: self._held.names,
            accounts=self._observations.view,
            token=self._registrar.token,
            extended=self._held.poll_soon,
            changed=self._poller.show_containers,
            observer=self._instruments,
            allowances=Allowances(clock),
            going_first=self._right_of_way.taken,
        )
        self._apply(settings)

    def look_after(self, web_config: WebConfig) -> None:
        """Reload the web configuration too from now on, and tell of it; before the start."""
        self._web_config = web_config

    def show_log(self, dropped: Callable[[], int]) -> None:
        """Tell from now on how many log lines were lost."""
        self._log_dropped = dropped

    def start(self, upkeep: UpkeepIntervals = _USUAL_UPKEEP) -> None:
        self.heartbeat(Loop.POLLS)
        self._scheduler.every(upkeep.heartbeat, "heartbeat", self.heartbeat(Loop.UPKEEP))
        self._scheduler.every(upkeep.token_files, "token files", self._refresh_tokens)
        self._scheduler.every(upkeep.watched_files, "watched files", self._watch_files)
        self._scheduler.every(upkeep.web_files, "web files", self._web_config.refresh)
        self._scheduler.every(upkeep.discovery, "discovery", self._discovery.ask_due)
        self._scheduler.every(upkeep.store, "store", self._keep_store)
        self._scheduler.every(upkeep.retention, "retention", self._forget_ended)
        self._scheduler.every(upkeep.memory, "memory", give_back_memory)
        self._discovery.start(_DISCOVERY_PATIENCE_SECONDS)
        if self._store.sharing:
            self._store.sharing.start(
                self._held.follow, self._held.take_news, beat=self.heartbeat(Loop.STORE)
            )
        self._scheduler.start()

    @property
    def web_observer(self) -> WebObserver:
        return self._instruments

    def stop(self) -> None:
        """Start no more polls and cut the calls under way."""
        self._scheduler.stop()
        self._discovery.close()
        self._probes.shutdown(wait=False, cancel_futures=True)
        self._poller.close()
        if self._store.sharing:
            self._store.sharing.stop()
        self._ownership.end()
        self._containers.close()

    def heartbeat(self, loop: Loop) -> Callable[[], None]:
        """Have the exporter be unhealthy once the loop is silent; return how it beats."""
        return self._heartbeats.expect(loop, within=_SILENT_SECONDS[loop])

    def mend(self) -> None:
        """See to what upkeep cannot, for it may be what needs it; every second or so."""
        self._scheduler.mend()
        self.follow_clock()
        self._held.follow()

    def follow_clock(self) -> None:
        """Keep the polls' rhythm though the wall clock was set."""
        if self._scheduler.follow_clock():
            self._instruments.clock_jumped()
            _log.warning("the wall clock was set, the polls are planned anew")

    def _poll(self, account: str, poll: Poll) -> PollResult:
        result = self._run(account, poll)
        self._account_lines.refresh()
        return result

    def _run(self, account: str, poll: Poll) -> PollResult:
        if not self._ownership.holds(account):
            return PollResult.REFUSED
        return self._poller.run(account, poll)

    def expose(self, accept: str, accept_encoding: str, names: Sequence[str]) -> Exposition:
        with self._right_of_way.taken():
            return self._expositions.expose(accept, accept_encoding, names)

    def probe(
        self, account: str, timeout: float | None, accept: str, accept_encoding: str
    ) -> Exposition:
        seen = self.accounts().get(account)
        if seen is None:
            raise UnknownAccountError(account)
        started = monotonic()
        success = self._run_at_once(account, self._to_probe(seen), timeout)
        probe = Probe(success=success, duration_seconds=monotonic() - started)
        try:
            registry = account_registry(account, self._sources, self._instruments, probe)
        except KeyError:
            raise UnknownAccountError(account) from None
        return expose(registry, accept, accept_encoding)

    def _to_probe(self, seen: AccountObservation) -> Sequence[Poll]:
        """Return the polls of a probe: the token is asked about no more often than configured."""
        record = seen.polls.get(Poll.TOKEN)
        age = self._clock.wall() - (record.last_success_at or 0.0) if record else float("inf")
        if age < self._settings.polling.token.interval:
            return (Poll.QUOTA, Poll.CONTAINER)
        return (Poll.QUOTA, Poll.TOKEN, Poll.CONTAINER)

    def _run_at_once(self, account: str, polls: Sequence[Poll], timeout: float | None) -> bool:
        runs = [self._probes.submit(self._run, account, poll) for poll in polls]
        longest = self._longest_poll_seconds
        done, late = wait(runs, longest if timeout is None else min(timeout, longest))
        for run in late:
            run.cancel()
        return not late and all(run.result().is_success for run in done)

    @property
    def _longest_poll_seconds(self) -> float:
        api, containers = self._settings.api, self._settings.polling.containers
        return containers.interval + _LONGEST_POLL_CALLS * api.timeout

    def unhealthy(self) -> Sequence[str]:
        longest = self._longest_poll_seconds
        problems = [*self.failures(), *self._scheduler.problems()]
        if self._scheduler.oldest_run_seconds() > longest:
            problems.append(f"a poll has been under way for more than {longest:.0f} s")
        return problems

    def failures(self) -> Sequence[str]:
        """Return what has stopped for good, a sentence each: nothing but a new start helps."""
        return list(self._failures())

    def _failures(self) -> Iterator[str]:
        sharing = self._store.sharing.dead_threads() if self._store.sharing else ()
        for thread in chain(self._scheduler.dead_threads(), self._poller.dead_threads(), sharing):
            yield f"the thread {thread} has died"
        yield from self._heartbeats.silent()
        if self._scheduler.overdue_seconds() > _OVERDUE_SECONDS:
            yield f"no poll was started for {_OVERDUE_SECONDS:.0f} s though one was due"

    def unpolled(self) -> int:
        return self._observations.unpolled

    def undiscovered(self) -> Sequence[str]:
        return self._discovery.unanswered()

    def reload(self) -> Sequence[str]:
        problems = self._reloads.attempt(_CONFIGURATION, self._load_all)
        return [*problems, *self._web_config.reload()]

    def _load_all(self) -> None:
        settings = load_settings(self._config_file, self._shard.has)
        self._apply(settings.following(self._settings))
        self._reloads.settle()

    def _load_containers(self) -> None:
        before, self._settings = self._settings, reread_containers(self._settings)
        if self._settings.container_entries != before.container_entries:
            self._held.list_containers(self._settings)

    def _app_of(self, account: str) -> str:
        seen = self.accounts().get(account)
        return seen.identity.app if seen else ""

    def configuration(self) -> str:
        return show_settings(self._settings)

    def accounts(self) -> Mapping[str, AccountObservation]:
        return self._observations.view()

    def _apply(self, settings: Settings) -> None:
        self._require_same_store(settings)
        take_registrar = self._registrar.read(settings.container_api.token)
        sources = self._discovery.read(settings)
        accounts = sources.all_accounts(settings)
        self._poller.apply(settings, accounts)
        take_registrar()
        self._discovery.use(sources)
        self._settings = settings
        self._held.have(settings, sources)
        for warning in settings.warnings:
            _log.warning("configuration", warning=warning)
        _log.info("configuration loaded", accounts=len(accounts))

    def _require_same_store(self, settings: Settings) -> None:
        """Raise RestartNeededError where containers would be kept elsewhere than they are."""
        if settings.needs_store and (
            self._containers.store_up is None or settings.store != self._settings.store
        ):
            raise RestartNeededError("store: is opened at the start: restart to use it")

    def _adopt_discovered(self) -> None:
        """Poll what the sources tell of now."""
        sources = self._discovery.sources
        self._poller.apply(self._settings, sources.all_accounts(self._settings))
        self._held.have(self._settings, sources)

    def _run_now(self, due: Sequence[PollJob]) -> None:
        for job in due:
            self._scheduler.run_now(job)

    def _refresh_tokens(self) -> None:
        self._registrar.refresh()
        self._run_now(self._poller.refresh_tokens())

    def _keep_store(self) -> None:
        self._containers.keep_store()
        if self._containers.store_up:
            self._poller.keep_calls()

    @property
    def _store_up(self) -> bool | None:
        """Return whether the store takes what is to be kept, None where there is none."""
        up = self._containers.store_up
        return up and self._poller.calls_are_kept

    def _forget_ended(self) -> None:
        for account in self._containers.forget_ended():
            self._poller.show_containers(account)

    def _watch_files(self) -> None:
        now = self._settings
        self._follow_files(
            _ACCOUNT_FILES, now.account_files, now.account_files_read, self._load_all
        )
        now = self._settings
        self._follow_files(
            _CONTAINER_FILES, now.container_files, now.container_files_read, self._load_containers
        )

    def _follow_files(
        self, what: str, patterns: Sequence[str], read: object, load: Callable[[], None]
    ) -> None:
        """Take up what changed; what failed is tried again: a file it names may be there now."""
        if patterns and (files_signature(patterns) != read or self._reloads.failed(what)):
            self._reloads.attempt(what, load)

    def _state(self) -> ExporterState:
        return ExporterState(
            build=_BUILD,
            catalogue=KNOWN_ERRORS,
            stale_after=self._settings.polling.stale_after,
            call_budget=self._settings.polling.call_budget,
            reload_successful=self._reloads.successful and self._web_config.successful,
            reload_success_at=self._reloads.success_at,
            shard=self._shard.ordinal,
            total_shards=self._shard.total,
            account_sources=self._discovery.statuses(),
            configured_accounts=self._held.configured,
            inspector_token_valid=self._poller.inspector_token_valid,
            paused_scopes=self._poller.paused_scopes(),
            store_up=self._store_up,
            lease=self._store.sharing.lease if self._store.sharing else None,
            web_certificate_expires_at=self._web_config.certificate_expires_at,
            heartbeats=self._heartbeats.times(),
            log_dropped=self._log_dropped(),
        )
