from collections.abc import Callable, Sequence
from threading import Thread

from exporter.config.discovered import DiscoveredAccounts
from exporter.config.settings import AccountHttpSd
from exporter.discovery.listing import Listing
from exporter.domain import SourceStatus
from exporter.secret import Redactor, Secret, SecretUnreadableError, WatchedSecret
from exporter.threads_api.network import Network
from exporter.token_troubles import TokenTroubles

_RETRY_SECONDS = 15.0


class Source:
    """An entry of `account_http_sd`: its last good answer, and how asking it fares.

    `answer` is None before the first; `digest` is that of the answer, empty where it is to be read
    anew; `due_at` is in monotonic seconds. Raises SecretUnreadableError when made with an
    authorization that cannot be read.
    """

    def __init__(self, index: int, settings: AccountHttpSd, network: Network) -> None:
        self.index = index
        self.settings = settings
        self.listing = Listing(settings, network)
        self.answer: DiscoveredAccounts | None = None
        self.digest = b""
        self.due_at = 0.0
        self._thread: Thread | None = None
        self.failures = 0
        self.last_success_at: float | None = None
        self._problems: Sequence[str] = ()
        source = settings.authorization
        self._authorization = WatchedSecret(source) if source else None

    @property
    def place(self) -> str:
        return f"account_http_sd[{self.index}]"

    @property
    def status(self) -> SourceStatus:
        accounts = len(self.answer.own) if self.answer else 0
        return SourceStatus(self.failures, self.last_success_at, accounts)

    def continue_from(self, former: "Source") -> None:
        """Have what the same source answered when it was asked in another way."""
        self.answer = former.answer
        self.failures = former.failures
        self.last_success_at = former.last_success_at

    def exchange(self, answer: DiscoveredAccounts | None) -> DiscoveredAccounts | None:
        """Hold this answer from now on; return the one before."""
        before, self.answer = self.answer, answer
        return before

    def is_due(self, now: float) -> bool:
        return now >= self.due_at and not (self._thread and self._thread.is_alive())

    def start_asking(self, ask: Callable[[], object]) -> None:
        """Ask in a thread of its own; raises RuntimeError where none is to be had."""
        thread = Thread(target=ask, name=self.place, daemon=True)
        thread.start()
        self._thread = thread

    def wait(self, seconds: float) -> None:
        """Wait so long at most for the end of what is being asked."""
        if self._thread is not None:
            self._thread.join(seconds)

    def bearer(self, redactor: Redactor, troubles: TokenTroubles) -> Secret | None:
        """Return what is to be sent, as its file says now, or as it said when it was readable."""
        if self._authorization is None:
            return None
        try:
            self._authorization.refresh()
        except SecretUnreadableError as error:
            troubles.met(self.place, error)
        else:
            troubles.over(self.place)
        redactor.add(self._authorization.current)
        return self._authorization.current

    def answered(self, wall: float, now: float) -> Sequence[str]:
        """Take note of a good answer to what was asked at `now`; return what it puts an end to."""
        self.last_success_at = wall
        self.due_at = now + self.settings.refresh_interval
        problems, self._problems = self._problems, ()
        return problems

    def failed(self, problems: Sequence[str], now: float) -> Sequence[str]:
        """Take note of a failure of what was asked at `now`; return the problems that are new."""
        self.failures += 1
        self.due_at = now + min(self.settings.refresh_interval, _RETRY_SECONDS)
        before, self._problems = self._problems, problems
        return problems if problems != before else ()
