"""Which accounts this process polls, shows and writes of."""

from collections.abc import Callable, Collection
from math import inf
from threading import Lock
from typing import Protocol

import structlog

from exporter.clock import Clock
from exporter.containers.claims import ClaimTable, Lease
from exporter.containers.holder import Holder
from exporter.containers.time_limit import time_limit
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

_log = structlog.get_logger(__name__)

_RENEWALS = 6

_NOBODY: frozenset[str] = frozenset()


class Ownership(Protocol):
    @property
    def held(self) -> Collection[str]:
        """Return the accounts that are this process's now.

        It is the same object until they are others, or what is known of them was read anew.
        """
        ...

    def holds(self, account: str) -> bool: ...

    def want(self, accounts: Collection[str]) -> None:
        """Have these accounts, and no others, once they can be had."""
        ...

    def let_go(self) -> None:
        """Leave what is not wanted any more to others."""
        ...

    def end(self) -> None:
        """Leave all to others; nothing is held from now on."""
        ...


class SoleOwnership:
    """Of a process that has its accounts for itself, as nobody else is on its store."""

    def __init__(self) -> None:
        self.held: Collection[str] = _NOBODY

    def holds(self, account: str) -> bool:
        return account in self.held

    def want(self, accounts: Collection[str]) -> None:
        self.held = frozenset(accounts)

    def let_go(self) -> None:
        """Do nothing: there is nobody to leave it to."""

    def end(self) -> None:
        self.held = _NOBODY


class Records(Protocol):
    """What is known of the accounts that are claimed."""

    def write_with(self, epoch: int) -> None:
        """Write from now on of what is claimed with the epoch, and of nothing else."""
        ...

    def take_up(self, accounts: Collection[str]) -> None:
        """Learn what there is to know of accounts, before they are held; raises StoreError."""
        ...

    def drop(self, accounts: Collection[str]) -> None:
        """Forget accounts that are claimed no longer."""
        ...

    def store_failed(self, trouble: StoreTrouble) -> None:
        """Take note that the store could not be used."""
        ...


class SharedOwnership:
    """Claims in the store, held for as long as nobody else can have taken them over.

    The lease is to be renewed often. When that fails the accounts are held for half of its time,
    and beyond that only while there is nobody who could take them over.
    """

    def __init__(
        self,
        table: ClaimTable,
        holder: Holder,
        records: Records,
        clock: Clock,
    ) -> None:
        self._table = table
        self._holder = holder
        self._records = records
        self._clock = clock
        self._lock = Lock()
        self._wanted: frozenset[str] = _NOBODY
        self._claimed: frozenset[str] = _NOBODY
        self._claimed_with: int | None = None
        self._held: frozenset[str] = _NOBODY
        self._until = -inf
        self._lease: Lease | None = None
        self._is_ended = False
        self._renew_at = -inf
        self._trouble: StoreTrouble | None = None
        self.renewed_at: float | None = None

    @property
    def renewed_every(self) -> float:
        """Return at most how many seconds may pass between two renewals."""
        return self._holder.seconds / _RENEWALS

    @property
    def epoch(self) -> int | None:
        return self._lease.epoch if self._lease else None

    @property
    def held(self) -> Collection[str]:
        return self._held if self._clock.monotonic() < self._until else _NOBODY

    def holds(self, account: str) -> bool:
        return account in self._held and self._clock.monotonic() < self._until

    def want(self, accounts: Collection[str]) -> None:
        with self._lock:
            self._wanted = frozenset(accounts)
        self.renew()

    def renew_in_time(self) -> None:
        """Renew the lease if it is time to."""
        if self._clock.monotonic() >= self._renew_at:
            self.renew()

    def renew(self) -> None:
        """Renew the lease, and take what is wanted and free."""
        with self._lock:
            if self._is_ended:
                return
            since = self._clock.monotonic()
            self._renew_at = since + self.renewed_every
            try:
                with time_limit(self._holder.seconds / 3):
                    self._renew()
            except StoreError as error:
                self._fails(error)
                if self._lease is None or self._lease.has_rival:
                    return
                since = self._clock.monotonic()
            else:
                self._trouble = None
                self.renewed_at = self._clock.wall()
            self._until = since + self._holder.seconds / 2

    def _renew(self) -> None:
        self._lease = lease = self._table.renew(self._holder, self.epoch)
        if lease.epoch != self._claimed_with:
            self._begin(lease.epoch)
        missing = self._wanted - self._claimed
        if missing:
            self._claimed |= frozenset(self._table.claim(lease.epoch, missing))
        mine = self._claimed & self._wanted
        gained = mine - self._held
        if gained:
            self._records.take_up(gained)
            _log.info("accounts taken over", accounts=len(gained), epoch=lease.epoch)
        if mine != self._held:
            self._held = mine

    def _begin(self, epoch: int) -> None:
        # What others have taken over must not be held any longer, whatever fails from here.
        self._held = _NOBODY
        self._records.write_with(epoch)
        claimed = frozenset(self._table.claimed(epoch))
        self._records.drop(self._claimed - claimed)
        self._claimed, self._claimed_with = claimed, epoch
        _log.info("lease begun", epoch=epoch, accounts=len(claimed))

    def _fails(self, error: StoreError) -> None:
        self._records.store_failed(error.kind)
        if self._trouble is not error.kind:
            _log.warning("lease not renewed", trouble=error.kind, problem=str(error))
        self._trouble = error.kind

    def let_go(self) -> None:
        with self._lock:
            unwanted = self._claimed - self._wanted
            if unwanted and self._lease is not None:
                self._try(lambda lease: self._table.let_go(lease.epoch, unwanted))
                self._claimed -= unwanted
                self._records.drop(unwanted)

    def end(self) -> None:
        with self._lock:
            self._until = -inf
            self._is_ended = True
            self._try(lambda lease: self._table.end(lease.epoch))

    def _try(self, write: Callable[[Lease], None]) -> None:
        try:
            if self._lease is not None:
                write(self._lease)
        except StoreError as error:
            self._fails(error)
