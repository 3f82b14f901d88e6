"""Which accounts have nothing to excuse them: those are to be shown, and fresh."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from soak.population import Account, Kind
from soak.record import Look
from soak.scale import APPS

_LAST_SUCCESS = re.compile(
    rb'^threads_poll_last_success_timestamp_seconds\{account="([^"]+)",poll="quota"\} (\S+)$',
    re.MULTILINE,
)
_GUEST = re.compile(rb'account="(guest-\d+)"')


@dataclass
class AccountsHealth:
    """Since when each account has been undisturbed, in monotonic seconds."""

    accounts: Sequence[Account]
    since: float
    _apps: list[float] = field(default_factory=lambda: [0.0] * APPS)
    _single: dict[int, float] = field(default_factory=dict)
    _removed: frozenset[str] = frozenset()

    def disturb(self, apps: Sequence[int]) -> None:
        for app in apps:
            self._apps[app] = inf

    def disturb_all(self) -> None:
        self.since = inf

    def disturb_some(self, accounts: Sequence[Account]) -> None:
        self._single |= {account.number: inf for account in accounts}

    def calm(self, *, after: float = 0.0) -> None:
        """Take that the trouble is over, or will be in so many seconds."""
        over = time.monotonic() + after
        self._apps = [min(moment, over) for moment in self._apps]
        self._single = {number: min(at, over) for number, at in self._single.items()}
        self.since = min(self.since, over)

    def remove(self, guests: Sequence[Account]) -> None:
        """Take that these are no longer in force; the others of them are again."""
        self._removed = frozenset(guest.name for guest in guests)

    def look(self, page: bytes, started: float, at: float, fresh_within: float) -> Look:
        """Judge a page that was asked for then, in monotonic seconds."""
        shown = {
            found[1].decode(): float(found[2].decode()) for found in _LAST_SUCCESS.finditer(page)
        }
        judged = list(self._judged(started - fresh_within))
        asked_at = time.time() - (time.monotonic() - started)
        ages = {one.name: asked_at - shown.get(one.name, 0.0) for one in judged}
        stale = [name for name, age in ages.items() if age > fresh_within]
        guests = {name.decode() for name in _GUEST.findall(page)}
        ghosts = tuple(sorted(guests & self._removed))
        return Look(at, len(judged), tuple(stale), ghosts, max(ages.values(), default=0.0))

    def _judged(self, undisturbed_since: float) -> Iterator[Account]:
        if self.since > undisturbed_since:
            return
        for account in self.accounts:
            moments = (self._apps[account.app], self._single.get(account.number, 0.0))
            gone = account.kind is Kind.GUEST and account.name in self._removed
            if max(moments) <= undisturbed_since and not gone:
                yield account
