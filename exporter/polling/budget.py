"""How many calls a token may spend: what the exporter takes of what Meta allows its owner."""

from array import array
from collections.abc import Collection
from threading import Lock

from exporter.clock import Clock

_WINDOW = 24 * 3600
_SLOT = 300
_SLOTS = _WINDOW // _SLOT + 1


class _RollingCount:
    """Calls of the last 24 h in slots of 5 minutes; a slot counts until all of it is out.

    A slot is a byte until one must hold more than 255 calls: few do, among thousands of counts.
    """

    __slots__ = ("_newest", "_slots", "total")

    def __init__(self, slot: int) -> None:
        self._slots = array("B", bytes(_SLOTS))
        self._newest = slot
        self.total = 0

    def roll_to(self, slot: int) -> None:
        for passed in range(max(self._newest + 1, slot - _SLOTS + 1), slot + 1):
            self.total -= self._slots[passed % _SLOTS]
            self._slots[passed % _SLOTS] = 0
        self._newest = max(slot, self._newest)

    def add(self) -> None:
        newest = self._newest % _SLOTS
        try:
            self._slots[newest] += 1
        except OverflowError:
            self._slots = array("L", self._slots)
            self._slots[newest] += 1
        self.total += 1


class CallBudget:
    """Calls spent per owner of a token in any 24 h, and no more of them than the limit."""

    def __init__(self, clock: Clock, limit: int = 0) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[str, _RollingCount] = {}

    def spend(self, owner: str) -> bool:
        """Take one call from the owner's budget; False when none is left."""
        slot = self._slot()
        with self._lock:
            count = self._counts.setdefault(owner, _RollingCount(slot))
            count.roll_to(slot)
            if count.total >= self.limit:
                return False
            count.add()
            return True

    def spent(self, owner: str) -> int:
        slot = self._slot()
        with self._lock:
            count = self._counts.get(owner)
            if count is None:
                return 0
            count.roll_to(slot)
            return count.total

    def keep_only(self, owners: Collection[str]) -> None:
        with self._lock:
            self._counts = {
                owner: count for owner, count in self._counts.items() if owner in owners
            }

    def _slot(self) -> int:
        return int(self._clock.monotonic() // _SLOT)
