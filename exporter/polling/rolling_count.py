from array import array
from collections.abc import Iterator

SLOT_SECONDS = 300
_WINDOW = 24 * 3600
_SLOTS = _WINDOW // SLOT_SECONDS + 1


class RollingCount:
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

    def add(self, number: int = 1, slot: int | None = None) -> None:
        """Count calls of the newest slot, or of an older one; nothing if that one is out."""
        into = self._newest if slot is None else slot
        if into <= self._newest - _SLOTS:
            return
        try:
            self._slots[into % _SLOTS] += number
        except OverflowError:
            self._slots = array("L", self._slots)
            self._slots[into % _SLOTS] += number
        self.total += number

    def slots(self) -> Iterator[tuple[int, int]]:
        """Give the slots that count calls, and how many."""
        for slot in range(self._newest - _SLOTS + 1, self._newest + 1):
            if number := self._slots[slot % _SLOTS]:
                yield slot, number
