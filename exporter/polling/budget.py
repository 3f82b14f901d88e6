"""How many calls a token may spend: what the exporter takes of what Meta allows its owner."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import TIMEOUT_MAX, Event, Lock

import structlog

from exporter.clock import Clock
from exporter.containers.ledger import CallLedger, Entry, Hours
from exporter.containers.time_limit import POLLS_WAIT_SECONDS, time_left, time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from exporter.polling.owner_calls import LOADED_HOURS, Moment, OwnerCalls, Settlement

_log = structlog.get_logger(__name__)

_BLOCK = 8
_BLOCKS_OF_LIMIT = 100
_MOST_DOUBLINGS = 4
_OWNERS_AT_ONCE = 1_000
_PAUSE_SECONDS = 0.001
"""Polls that wait for their turn would not get it from one who takes the next at once."""


def _unobserved(_trouble: StoreTrouble) -> None:
    pass


class CallBudget:
    """Calls spent per owner of a token in any 24 h, and no more of them than the limit.

    With a ledger that holds over restarts, and for all processes on the store together. While the
    store is down, or keeps a call waiting for a second, it holds for this process.
    """

    def __init__(
        self,
        clock: Clock,
        limit: int = 0,
        ledger: CallLedger | None = None,
        failed: Callable[[StoreTrouble], None] = _unobserved,
    ) -> None:
        """Have `failed` told of each time that the store fails."""
        self.limit = limit
        self._clock = clock
        self._ledger = ledger
        self._failed = failed
        self._lock = Lock()
        self._settling = Lock()
        self._owners: dict[str, OwnerCalls] = {}
        self._low: set[str] = set()
        self._settled_hour: int | None = None
        self._trouble: StoreTrouble | None = None
        self._closed = False

    @property
    def is_kept(self) -> bool:
        """Tell whether the store takes what is spent, if there is one."""
        return self._trouble is None

    def spend(self, owner: str) -> bool:
        """Take one call from the owner's budget; False when none is left."""
        with time_limit(POLLS_WAIT_SECONDS):
            while (granted := self._take(owner)) is None:
                self._top_up(owner)
        return granted

    def _take(self, owner: str) -> bool | None:
        """Return None if the store must be asked first."""
        now = self._now()
        with self._lock:
            calls = self._owners.setdefault(owner, OwnerCalls(now))
            if self._closed or calls.total(now) >= self.limit:
                return False
            saved = calls.has_reserve(now)
            if not saved and self._ledger is not None and self._trouble is None:
                return None
            calls.make(saved=saved)
            if self._ledger is not None and calls.reserve <= self._block(calls) // 2:
                self._low.add(owner)
            return True

    def spent(self, owner: str) -> int:
        now = self._now()
        with self._lock:
            calls = self._owners.get(owner)
            return calls.total(now) if calls else 0

    def adopt(self, owners: Collection[str]) -> None:
        """Count the calls of these owners and no others; learn what they have spent already."""
        now = self._now()
        with self._lock:
            gone = {key: calls for key, calls in self._owners.items() if key not in owners}
            kept = self._owners.keys() - gone.keys()
            self._owners = {key: self._owners[key] for key in kept}
            if self._ledger is not None:
                self._owners |= {key: OwnerCalls(now) for key in set(owners) - kept}
        if self.is_kept:
            self._settle(set(owners) - kept)
            self._give_back(gone)

    def keep(self) -> None:
        """Top up the reserves that run low, and write what the store has not taken so far."""
        if self._ledger is None:
            return
        hour = self._now().hour
        if not self._restore():
            return
        with self._lock:
            owners = self._low if hour == self._settled_hour else set(self._owners)
            self._low = set()
            for owner in owners & self._owners.keys():
                self._owners[owner].doublings = 0
        if self._settle(owners) and hour != self._settled_hour:
            self._forget_before(hour - LOADED_HOURS)
            self._settled_hour = hour

    def close(self) -> None:
        """Grant no more calls; have the store count none that was not made."""
        with self._lock:
            self._closed = True
        self._give_back(self._owners)

    def _now(self) -> Moment:
        return Moment(self._clock.wall(), self._clock.monotonic())

    def _block(self, calls: OwnerCalls) -> int:
        """Return how large the reserve should be: a small part of the limit, more if in demand."""
        return min(_BLOCK, max(1, self.limit // _BLOCKS_OF_LIMIT)) << calls.doublings

    def _top_up(self, owner: str) -> None:
        """Ask the store for a reserve; where that takes too long it is taken to be down."""
        try:
            with self._turn():
                if owners := self._in_need(owner):
                    self._settle_batch(owners)
        except StoreError as error:
            if self._trouble is None:
                self._fails(error)

    def _in_need(self, owner: str) -> Sequence[str]:
        """Return whose reserve to top up together with the owner's, nobody if it has one now."""
        now = self._now()
        with self._lock:
            calls = self._owners.setdefault(owner, OwnerCalls(now))
            if calls.has_reserve(now) or self._trouble is not None:
                return ()
            if calls.is_loaded:
                calls.doublings = min(calls.doublings + 1, _MOST_DOUBLINGS)
            owners = {owner, *islice(self._low, _OWNERS_AT_ONCE - 1)}
            self._low -= owners
            return sorted(owners)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only one to settle; raises StoreError when a time limit ends the wait."""
        if not self._settling.acquire(timeout=min(time_left(), TIMEOUT_MAX)):
            raise StoreError(StoreTrouble.LOCKED, "the store has kept calls waiting for long")
        try:
            yield
        finally:
            self._settling.release()

    def _settle(self, owners: Collection[str]) -> bool:
        """Have the owners' calls in the store, and reserves; return whether it took them.

        Where it was down it is asked even if there is nothing to write.
        """
        batches = _batches(sorted(owners)) if owners or self.is_kept else [()]
        for batch in batches:
            with self._turn():
                if not self._settle_batch(batch):
                    return False
            Event().wait(_PAUSE_SECONDS)
        return True

    def _settle_batch(self, owners: Sequence[str]) -> bool:
        now = self._now()
        settled: list[tuple[OwnerCalls, Settlement]] = []

        def decide(stored: Mapping[str, Hours]) -> Mapping[Entry, int]:
            entries: dict[Entry, int] = {}
            for owner, calls in known.items():
                with self._lock:
                    settlement = calls.settle(
                        stored.get(owner, {}), now, self.limit, self._block(calls)
                    )
                settled.append((calls, settlement))
                entries |= _entries(owner, settlement.entries)
            return entries

        with self._lock:
            known = {owner: self._owners[owner] for owner in owners if owner in self._owners}
        news_only = all(calls.is_loaded for calls in known.values())
        since = now.hour - (1 if news_only else LOADED_HOURS)
        if not self._try(lambda ledger: ledger.settle(owners, since, decide)):
            with self._lock:
                self._low.update(owners)
            return False
        with self._lock:
            for calls, settlement in settled:
                calls.settled(settlement, now)
        return True

    def _give_back(self, owners: Mapping[str, OwnerCalls]) -> None:
        """Have the store count none of the calls that are not going to be made."""
        now = self._now()
        entries: dict[Entry, int] = {}
        with self._turn():
            with self._lock:
                for owner, calls in owners.items():
                    entries |= _entries(owner, calls.returned(now))
            if entries and self.is_kept:
                self._try(lambda ledger: ledger.settle((), 0, lambda _: entries))

    def _restore(self) -> bool:
        """Write all anew to a store that was lost; return False if that is needed and failed."""
        if self._ledger is None or not self._ledger.is_lost:
            return True
        with self._turn():
            now = self._now()
            with self._lock:
                owners = dict(self._owners)
                hours = {owner: calls.all_entries(now) for owner, calls in owners.items()}
            entries: dict[Entry, int] = {}
            for owner, each in hours.items():
                entries |= _entries(owner, each)
            if not self._try(lambda ledger: ledger.restore(entries)):
                return False
            with self._lock:
                for owner, each in hours.items():
                    owners[owner].restored(each, now)
            return True

    def _forget_before(self, hour: int) -> None:
        self._try(lambda ledger: ledger.forget(hour))

    def _try(self, write: Callable[[CallLedger], None]) -> bool:
        """Return whether the store has written it."""
        if self._ledger is None:
            return False
        try:
            write(self._ledger)
        except StoreError as error:
            self._fails(error)
            return False
        if self._trouble is not None:
            _log.info("calls are counted in the store again")
        self._trouble = None
        return True

    def _fails(self, error: StoreError) -> None:
        self._failed(error.kind)
        if self._trouble is not error.kind:
            _log.warning("calls are counted in memory", trouble=error.kind, problem=str(error))
        self._trouble = error.kind


def _entries(owner: str, hours: Hours) -> Mapping[Entry, int]:
    return {(owner, hour): number for hour, number in hours.items() if number}


def _batches(owners: Sequence[str]) -> Iterator[Sequence[str]]:
    remaining = iter(owners)
    while batch := list(islice(remaining, _OWNERS_AT_ONCE)):
        yield batch
