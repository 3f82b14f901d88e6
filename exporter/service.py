"""The rooms wired together; what the web server shows and triggers."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from platform import python_version
from time import monotonic
from urllib.parse import unquote, urlsplit

import structlog

from exporter.clock import Clock
from exporter.config.display import show_settings
from exporter.config.file_patterns import FilesWatch
from exporter.config.loading import load_settings, reread_containers
from exporter.config.settings import AccountSettings, Settings
from exporter.containers.registry import ContainerRegistry
from exporter.containers.store import ContainerStore
from exporter.domain import Poll, PollJob
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
from exporter.scheduling.heartbeat import Heartbeats
from exporter.scheduling.scheduler import PollScheduler
from exporter.scheduling.sharding import Shard
from exporter.secret import Redactor, Secret
from exporter.threads_api.catalogue import KNOWN_ERRORS
from exporter.version import REVISION, VERSION
from exporter.web.backend import UnknownAccountError

_log = structlog.get_logger(__name__)

_BUILD = BuildInfo(VERSION, REVISION, python_version())
_UPKEEP = "upkeep"
_CONFIGURATION = "configuration"
_ACCOUNT_FILES = "account files"
_CONTAINER_FILES = "container files"
_SILENT_SECONDS = 60.0
_LONGEST_POLL_CALLS = 12
_PROBES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class UpkeepIntervals:
    """How often the service shows that it lives, and sees to files and the store; seconds."""

    heartbeat: float = 5.0
    token_files: float = 5.0
    watched_files: float = 10.0
    store: float = 5.0
    retention: float = 60.0


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
        self._settings = settings
        self._clock = clock
        self._shard = shard
        self._reloads = Reloads(clock)
        self._account_files = FilesWatch()
        self._container_files = FilesWatch()
        self._heartbeats = Heartbeats(clock)
        self._instruments = Instruments()
        self._observations = Observations()
        self._containers = ContainerRegistry(_store(settings, redactor), clock, self._instruments)
        self._containers.open()
        self._probes = ThreadPoolExecutor(_PROBES_AT_ONCE, thread_name_prefix="probe")
        self._poller = Poller(
            self._observations,
            self._containers,
            observer=self._instruments,
            redactor=redactor,
            clock=clock,
        )
        self._registrar = Registrar(redactor)
        self.api = RegistrationApi(
            tracked=self._containers,
            accounts=self._observations.view,
            token=self._registrar.token,
            changed=self._containers_changed,
            observer=self._instruments,
            allowances=Allowances(clock),
        )
        self._scheduler = PollScheduler(
            self._poll,
            max_in_flight=settings.polling.max_in_flight,
            observer=self._instruments,
            clock=clock,
        )
        self._sources = Sources(
            accounts=self._observations.view,
            changed=self._observations.take_changed,
            state=self._state,
            calls_24h=self._poller.calls_24h,
            clock=clock,
        )
        self._account_lines = AccountLines(self._sources, self._instruments)
        self._expositions = Expositions(
            self._account_lines, exporter_registry(self._sources, self._instruments)
        )
        self._apply(settings)

    def start(self, upkeep: UpkeepIntervals = _USUAL_UPKEEP) -> None:
        self._heartbeats.expect(_UPKEEP, within=_SILENT_SECONDS)
        self._scheduler.every(upkeep.heartbeat, "heartbeat", self._beat)
        self._scheduler.every(upkeep.token_files, "token files", self._refresh_tokens)
        self._scheduler.every(upkeep.watched_files, "watched files", self._watch_files)
        self._scheduler.every(upkeep.store, "store", self._containers.keep_store)
        self._scheduler.every(upkeep.retention, "retention", self._forget_ended)
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more polls and cut the calls under way."""
        self._scheduler.stop()
        self._probes.shutdown(wait=False, cancel_futures=True)
        self._poller.close()
        self._containers.close()

    def follow_clock(self) -> None:
        """Keep the polls' rhythm though the wall clock was set."""
        if self._scheduler.follow_clock():
            _log.warning("the wall clock was set, the polls are planned anew")

    def _poll(self, account: str, poll: Poll) -> None:
        self._poller.run(account, poll)
        self._account_lines.refresh()

    def expose(self, accept: str, accept_encoding: str, names: Sequence[str]) -> Exposition:
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
        runs = [self._probes.submit(self._poller.run, account, poll) for poll in polls]
        longest = self._longest_poll_seconds
        done, late = wait(runs, longest if timeout is None else min(timeout, longest))
        for run in late:
            run.cancel()
        return not late and all(run.result() for run in done)

    @property
    def _longest_poll_seconds(self) -> float:
        api, containers = self._settings.api, self._settings.polling.containers
        return containers.interval + _LONGEST_POLL_CALLS * api.timeout

    def unhealthy(self) -> Sequence[str]:
        longest = self._longest_poll_seconds
        problems = list(self._heartbeats.silent())
        if self._scheduler.oldest_run_seconds() > longest:
            problems.append(f"a poll has been under way for more than {longest:.0f} s")
        if self._scheduler.overdue_seconds() > _SILENT_SECONDS:
            problems.append(f"no poll was started for {_SILENT_SECONDS:.0f} s though one was due")
        if not self._poller.alive:
            problems.append("the thread that ends late calls has died")
        return problems

    def waiting(self) -> Sequence[str]:
        needed = {Poll.QUOTA, Poll.TOKEN}
        return [name for name, seen in self.accounts().items() if not needed <= seen.polls.keys()]

    def reload(self) -> Sequence[str]:
        return self._reloads.attempt(_CONFIGURATION, self._load_all)

    def _load_all(self) -> None:
        self._apply(load_settings(self._config_file))
        self._reloads.settle()

    def _load_containers(self) -> None:
        settings = reread_containers(self._settings)
        if settings.container_entries != self._settings.container_entries:
            self._settings = settings
            own = self._own_accounts(settings)
            self._plan(own, self._poller.follow_containers(settings, own))

    def configuration(self) -> str:
        return show_settings(self._settings)

    def accounts(self) -> Mapping[str, AccountObservation]:
        return self._observations.view()

    def _apply(self, settings: Settings) -> None:
        self._require_same_store(settings)
        own = self._own_accounts(settings)
        self._registrar.adopt(settings.container_api.token)
        due = self._poller.apply(settings, own)
        self._settings = settings
        self._plan(own, due)
        for warning in settings.warnings:
            _log.warning("configuration", warning=warning)
        _log.info("configuration loaded", accounts=len(own))

    def _require_same_store(self, settings: Settings) -> None:
        """Raise RestartNeededError where containers would be kept elsewhere than they are."""
        if settings.needs_store and (
            self._containers.store_up is None or settings.store != self._settings.store
        ):
            raise RestartNeededError("store: is opened at the start: restart to use it")

    def _own_accounts(self, settings: Settings) -> Sequence[AccountSettings]:
        return [account for account in settings.accounts if self._shard.has(account.name)]

    def _plan(self, accounts: Sequence[AccountSettings], due: Sequence[PollJob]) -> None:
        self._scheduler.plan(self._intervals(accounts), at_once=due)

    def _intervals(self, accounts: Sequence[AccountSettings]) -> Mapping[PollJob, float]:
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

    def _run_now(self, due: Sequence[PollJob]) -> None:
        for job in due:
            self._scheduler.run_now(job)

    def _beat(self) -> None:
        self._heartbeats.beat(_UPKEEP)

    def _refresh_tokens(self) -> None:
        self._registrar.refresh()
        self._run_now(self._poller.refresh_tokens())

    def _containers_changed(self, account: str) -> None:
        self._poller.show_containers(account)
        if self._containers.has_open(account):
            job = (Poll.CONTAINER, account)
            self._scheduler.plan_also(job, self._settings.polling.containers.interval)
            self._scheduler.run_now(job)

    def _forget_ended(self) -> None:
        for account in self._containers.forget_ended():
            self._poller.show_containers(account)

    def _watch_files(self) -> None:
        """Take up what changed; what failed is tried again: a file it names may be there now."""
        patterns = self._settings.account_files
        if patterns and (
            self._account_files.changed(patterns) or self._reloads.failed(_ACCOUNT_FILES)
        ):
            self._reloads.attempt(_ACCOUNT_FILES, self._load_all)
            self._account_files.confirm(patterns)
        patterns = self._settings.container_files
        if patterns and (
            self._container_files.changed(patterns) or self._reloads.failed(_CONTAINER_FILES)
        ):
            self._reloads.attempt(_CONTAINER_FILES, self._load_containers)
            self._container_files.confirm(patterns)

    def _state(self) -> ExporterState:
        return ExporterState(
            build=_BUILD,
            catalogue=KNOWN_ERRORS,
            stale_after=self._settings.polling.stale_after,
            call_budget=self._settings.polling.call_budget,
            reload_successful=self._reloads.successful,
            reload_success_at=self._reloads.success_at,
            shard=self._shard.ordinal,
            total_shards=self._shard.total,
            inspector_token_valid=self._poller.inspector_token_valid,
            store_up=self._containers.store_up,
        )


def _store(settings: Settings, redactor: Redactor) -> ContainerStore | None:
    if not settings.needs_store:
        return None
    password = settings.store.password.read() if settings.store.password else None
    in_url = urlsplit(settings.store.url).password
    for secret in (password, Secret(unquote(in_url)) if in_url else None):
        if secret is not None:
            redactor.add(secret)
    return ContainerStore(settings.store.url, password=password)
