"""An owner's calls of the last 24 h, and those that the store counts though they are not made yet.

A call is made only once it is in the store. So that it need not wait for that, the store counts a
few calls ahead: the reserve. What a killed process leaves of it stays counted.
"""

from collections import Counter
from dataclasses import dataclass

from exporter.containers.ledger import Hours
from exporter.polling.rolling_count import SLOT_SECONDS, RollingCount

_HOUR_SECONDS = 3600
_LATE_SECONDS = 60.0
"""For so long after the hour that it is entered in a reserve may be drawn upon."""

LOADED_HOURS = 26
"""How far back entries may matter: 24 hours, and the whole of those that begin and end them."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment by both clocks: calls are counted by the one, and entered in the store by the other.

    So a wall clock that is set gives nobody a new budget.
    """

    wall: float
    monotonic: float

    @property
    def slot(self) -> int:
        return int(self.monotonic // SLOT_SECONDS)

    @property
    def hour(self) -> int:
        return int(self.wall // _HOUR_SECONDS)

    def newest_slot_of(self, hour: int) -> int:
        """Return the slot of the last call that may be entered in that hour."""
        age = max(0.0, self.wall - (hour + 1) * _HOUR_SECONDS - _LATE_SECONDS)
        return int((self.monotonic - age) // SLOT_SECONDS)

    def hour_of(self, slot: int) -> int:
        """Return the hour of the last call that may be counted in that slot."""
        age = max(0.0, self.monotonic - (slot + 1) * SLOT_SECONDS)
        return int((self.wall - age) // _HOUR_SECONDS)

    def allows_reserve_of(self, hour: int) -> bool:
        return self.wall < (hour + 1) * _HOUR_SECONDS + _LATE_SECONDS


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the store is to add to an owner's entries, and what of it is for calls to come."""

    entries: Hours
    reserve: int
    unsaved: int


class OwnerCalls:
    """`unsaved` are the calls that were made while the store was down."""

    __slots__ = ("_known", "_made", "_reserve_hour", "doublings", "is_loaded", "reserve", "unsaved")

    def __init__(self, now: Moment) -> None:
        self._made = RollingCount(now.slot)
        self._known: dict[int, int] = {}
        self._reserve_hour = now.hour
        self.reserve = 0
        self.unsaved = 0
        self.doublings = 0
        self.is_loaded = False

    def total(self, now: Moment) -> int:
        """Return the calls made in the last 24 h, as far as is known."""
        self._made.roll_to(now.slot)
        return self._made.total

    def make(self, *, saved: bool) -> None:
        """Count a call, of the reserve if it is saved."""
        self._made.add()
        if saved:
            self.reserve -= 1
        else:
            self.unsaved += 1

    def has_reserve(self, now: Moment) -> bool:
        return self.reserve > 0 and now.allows_reserve_of(self._reserve_hour)

    def settle(self, stored: Hours, now: Moment, limit: int, block: int) -> Settlement:
        """Learn what is stored; return what to add for a reserve of so many calls, if it may be."""
        self._learn(stored, now)
        wanted = min(block, limit - self.total(now)) - self.reserve
        reserve = max(0, wanted)
        entries = Counter(self._moved_back(stored, now))
        entries[self._reserve_hour] -= self.reserve
        entries[now.hour] += self.reserve + reserve + self.unsaved
        return Settlement(entries, reserve, self.unsaved)

    def _moved_back(self, stored: Hours, now: Moment) -> Hours:
        """Return what brings entries from the future to this hour: else they would never be old."""
        if self.is_loaded:
            return {}
        ahead = {hour: -number for hour, number in stored.items() if hour > now.hour + 1}
        return {**ahead, now.hour: -sum(ahead.values())}

    def _learn(self, stored: Hours, now: Moment) -> None:
        """Count what others have entered: an earlier process, or one that runs beside this one."""
        self._made.roll_to(now.slot)
        for hour, number in stored.items():
            if self.is_loaded and hour < now.hour - 1:
                continue
            known = self._known.get(hour, 0)
            if number > known:
                self._made.add(number - known, now.newest_slot_of(hour))
                self._known[hour] = number

    def settled(self, settlement: Settlement, now: Moment) -> None:
        """Take it that the store has added this."""
        for hour, number in settlement.entries.items():
            self._known[hour] = self._known.get(hour, 0) + number
        self._known = {hour: known for hour, known in self._known.items() if hour >= now.hour - 1}
        self._reserve_hour = now.hour
        self.reserve += settlement.reserve
        self.unsaved -= settlement.unsaved
        self.is_loaded = True

    def returned(self, now: Moment) -> Hours:
        """Return what to add to the entries now that no more calls are made."""
        entries = Counter({self._reserve_hour: -self.reserve})
        entries[now.hour] += self.unsaved
        self.reserve = self.unsaved = 0
        return entries

    def all_entries(self, now: Moment) -> Hours:
        """Return what the entries must hold at the least, once they were lost."""
        entries = Counter({now.hour: self.reserve})
        for slot, number in self._made.slots():
            entries[now.hour_of(slot)] += number
        self.unsaved = 0
        return entries

    def restored(self, entries: Hours, now: Moment) -> None:
        """Take it that the store holds this."""
        for hour, number in entries.items():
            if hour >= now.hour - 1:
                self._known[hour] = max(number, self._known.get(hour, 0))
        self._reserve_hour = now.hour
        self.is_loaded = True
