"""One store for several processes: this one keeps its lease, and hears what others changed."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

import structlog

from exporter.containers.backend import Listener
from exporter.containers.news import News
from exporter.containers.ownership import SharedOwnership
from exporter.containers.registry import ContainerRegistry
from exporter.containers.trouble import StoreError
from exporter.domain import LeaseStatus, StoreTrouble

_log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 5.0
_TOGETHER_SECONDS = 0.05
"""For so long it waits after a notification, so that those that come together make one look."""


class Sharing:
    """Looks at the store every few seconds, and at once when another process tells of news."""

    def __init__(
        self,
        ownership: SharedOwnership,
        registry: ContainerRegistry,
        news: News,
        listener: Listener,
    ) -> None:
        self._ownership = ownership
        self._registry = registry
        self._news = news
        self._listener = listener
        self._every = min(ownership.renewed_every, _LONGEST_WAIT_SECONDS)
        self._troubles: dict[str, StoreTrouble] = {}
        self._stopped = Event()
        self._thread: Thread | None = None

    def dead_threads(self) -> Iterator[str]:
        """Yield the name of the thread if it died."""
        if self._thread is not None and not self._thread.is_alive():
            yield self._thread.name

    @property
    def lease(self) -> LeaseStatus | None:
        """Return what there is to tell of the lease, None before it was ever had."""
        epoch, renewed_at = self._ownership.epoch, self._ownership.renewed_at
        if epoch is None or renewed_at is None:
            return None
        return LeaseStatus(epoch, renewed_at, len(self._ownership.held))

    def start(
        self,
        renewed: Callable[[], object],
        heard: Callable[[Collection[str]], object],
        beat: Callable[[], object],
    ) -> None:
        """Tell from now on when the lease was seen to, and of which accounts there are news."""

        def look() -> None:
            beat()
            self._look(renewed, heard)

        self._thread = Thread(target=self._run, args=(look,), name="store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self, look: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            try:
                look()
            except Exception:  # noqa: BLE001 — the lease is to be renewed, whatever else fails
                _log.exception("the store could not be looked at")
            self._wait()
        self._listener.close()

    def _look(
        self, renewed: Callable[[], object], heard: Callable[[Collection[str]], object]
    ) -> None:
        self._ownership.renew_in_time()
        renewed()
        with self._told_once("news not taken"):
            epoch = self._ownership.epoch
            changed = self._registry.reread(() if epoch is None else self._news.take(epoch))
            if changed:
                heard(changed)

    def _wait(self) -> None:
        """Wait until it is time, or for a notification; without a server, for the time alone."""
        until = monotonic() + self._every
        with self._told_once("not listening to the store"):
            if self._listener.wait(self._every):
                until = monotonic() + _TOGETHER_SECONDS
        self._stopped.wait(until - monotonic())

    @contextmanager
    def _told_once(self, what: str) -> Iterator[None]:
        """Log a trouble of the store when it begins."""
        try:
            yield
        except StoreError as error:
            if self._troubles.get(what) is not error.kind:
                _log.warning(what, trouble=error.kind, problem=str(error))
            self._troubles[what] = error.kind
        else:
            self._troubles.pop(what, None)
