"""How each trouble is done for real, and undone."""

import resource
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.processes import Child
from soak.accounts_health import AccountsHealth
from soak.exporter_run import ExporterRun
from soak.meta import NAMED_WAIT
from soak.population import Account, Files, Kind
from soak.timetable import OF_META, Episode, Trouble

_TOKENS_ARE_READ_WITHIN = 6.0
_FLOOD = 200
_HALF_OPEN = 400
_LITTLE_ROOM = 4096


@dataclass
class Scene:
    """What troubles are done to.

    While the exporter `is_away` nobody can expect an answer; `absences` counts how often it was.
    """

    exporter: ExporterRun
    meta: Child
    scraper: Child
    files: Files
    store: Path
    accounts: AccountsHealth
    random: Random
    is_away: bool = False
    absences: int = 0
    is_flooded: bool = False
    refused_reloads: int = 0
    rotations: int = 0
    _doing: Mapping[Trouble, Callable[[Episode, ExitStack], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._doing = {
            **dict.fromkeys(OF_META, self._trouble_meta),
            Trouble.DEAD_TOKENS: self._kill_tokens,
            Trouble.STORE_LOCKED: self._lock_store,
            Trouble.STORE_FULL: self._fill_store,
            Trouble.STOPPED: self._stop,
            Trouble.KILLED: self._kill,
            Trouble.ACCOUNTS_REMOVED: self._remove_accounts,
            Trouble.SCRAPE_FLOOD: self._flood,
            Trouble.HALF_OPEN: self._half_open,
        }

    @contextmanager
    def suffering(self, episode: Episode) -> Iterator[None]:
        """Suffer the trouble in the block."""
        with ExitStack() as undoing:
            self._doing[episode.trouble](episode, undoing)
            yield

    def _trouble_meta(self, episode: Episode, undoing: ExitStack) -> None:
        self.accounts.disturb(episode.apps)
        self.meta.ask("trouble", episode.trouble, episode.apps)
        undoing.callback(self._calm_meta)

    def _calm_meta(self) -> None:
        self.meta.ask("calm")
        self.accounts.calm(after=NAMED_WAIT)

    def _kill_tokens(self, episode: Episode, undoing: ExitStack) -> None:
        del episode
        rotating = self._of(Kind.ROTATING)
        self.accounts.disturb_some(rotating)
        self.meta.ask("revoke", [account.number for account in rotating])
        undoing.callback(self._rotate, rotating)

    def _rotate(self, rotating: list[Account]) -> None:
        self.rotations += 1
        numbers = [account.number for account in rotating]
        tokens = self.meta.ask("rotate", numbers, str(self.rotations))
        for account, token in zip(rotating, tokens, strict=True):
            self.files.write_token(account, token)
        self.accounts.calm(after=_TOKENS_ARE_READ_WITHIN)

    def _lock_store(self, episode: Episode, undoing: ExitStack) -> None:
        """Hold the store's write lock, as another program might."""
        del episode
        other = sqlite3.connect(self.store, timeout=30, isolation_level=None)
        undoing.callback(other.close)
        other.execute("BEGIN IMMEDIATE")
        undoing.callback(other.execute, "ROLLBACK")

    def _fill_store(self, episode: Episode, undoing: ExitStack) -> None:
        """Let no file grow past its first page, as on a full disk."""
        del episode
        limits = resource.prlimit(self.exporter.pid, resource.RLIMIT_FSIZE)
        room = (_LITTLE_ROOM, limits[1])
        resource.prlimit(self.exporter.pid, resource.RLIMIT_FSIZE, room)
        undoing.callback(resource.prlimit, self.exporter.pid, resource.RLIMIT_FSIZE, limits)

    def _stop(self, episode: Episode, undoing: ExitStack) -> None:
        del episode
        self._go_away()
        self.exporter.send(signal.SIGSTOP)
        undoing.callback(self._come_back)
        undoing.callback(self.exporter.send, signal.SIGCONT)

    def _kill(self, episode: Episode, undoing: ExitStack) -> None:
        del episode
        self._go_away()
        self.exporter.kill()
        self.exporter.start()
        undoing.callback(self._come_back)

    def _go_away(self) -> None:
        self.accounts.disturb_all()
        self.absences += 1
        self.is_away = True

    def _come_back(self) -> None:
        self.is_away = False
        self.accounts.calm()

    def _remove_accounts(self, episode: Episode, undoing: ExitStack) -> None:
        del episode
        guests = self._of(Kind.GUEST)
        leaving = self.random.sample(guests, len(guests) // 2)
        self._have_guests([guest for guest in guests if guest not in leaving])
        self.accounts.remove(leaving)
        undoing.callback(self._let_back_in, guests)

    def _let_back_in(self, guests: list[Account]) -> None:
        self.accounts.remove([])
        self.accounts.disturb_some(guests)
        self._have_guests(guests)
        self.accounts.calm()

    def _have_guests(self, guests: list[Account]) -> None:
        self.files.write_guests(guests)
        try:
            status = self.exporter.ask("/-/reload", method="POST").status
        except OSError:
            status = 0
        self.refused_reloads += status != 200

    def _flood(self, episode: Episode, undoing: ExitStack) -> None:
        """Scrape so often at once that most are refused."""
        del episode
        self.is_flooded = True
        with ThreadPoolExecutor(_FLOOD) as pool:
            list(pool.map(self._scrape, range(_FLOOD)))
        undoing.callback(self._calm_down)

    def _scrape(self, _number: int) -> None:
        with suppress(OSError):
            self.exporter.ask("/metrics", headers={"Accept-Encoding": "gzip"})

    def _calm_down(self) -> None:
        self.is_flooded = False

    def _half_open(self, episode: Episode, undoing: ExitStack) -> None:
        del episode
        for _ in range(_HALF_OPEN):
            client = undoing.enter_context(
                socket.create_connection(("127.0.0.1", self.exporter.port), timeout=30)
            )
            client.sendall(b"GET /metrics HTTP/1.1\r\nHo")

    def _of(self, kind: Kind) -> list[Account]:
        return [account for account in self.accounts.accounts if account.kind is kind]
