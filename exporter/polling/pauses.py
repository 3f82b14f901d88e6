"""Pauses that Meta's rate limits ask for: calling on would only lengthen them."""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random
from threading import Lock

from exporter.clock import Clock
from exporter.domain import FailureReason

_FIRST_BACK_OFF = 60.0
_LONGEST_BACK_OFF = 3600.0
_MOST_DOUBLINGS = 6

_NEAR_LIMIT = 0.8
_AT_LIMIT = 0.95
_USAGE_HOLDS_SECONDS = 900.0


@dataclass(slots=True)
class _Pause:
    until: float = 0.0
    strikes: int = 0
    reason: FailureReason = FailureReason.RATE_LIMITED
    is_tried: bool = False


class Pauses:
    """Until when each scope (an account, or an app) makes no calls; times are monotonic.

    Once a pause is over, one call goes first and shows whether it is: meanwhile the others wait.

    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._pauses: dict[str, _Pause] = {}
        self._near_limit_until: dict[str, float] = {}

    def enter(self, *scopes: str) -> FailureReason | None:
        """Return why one of the scopes may not call now; if all may, `leave` must follow."""
        now = self._clock.monotonic()
        with self._lock:
            pauses = [self._pauses[scope] for scope in scopes if scope in self._pauses]
            for pause in pauses:
                if pause.until > now or pause.is_tried:
                    return pause.reason
            for pause in pauses:
                pause.is_tried = True
        return None

    def leave(self, *scopes: str, went_through: bool) -> None:
        """Take that a call has ended; if it went through, its scopes' pauses are over for good.

        One that is on stays: the call that went through may have begun before it.
        """
        now = self._clock.monotonic()
        with self._lock:
            for scope in scopes:
                pause = self._pauses.get(scope)
                if pause is None:
                    continue
                pause.is_tried = False
                if went_through and pause.until <= now:
                    del self._pauses[scope]

    def impose(self, scope: str, reason: FailureReason, named_wait: float | None) -> float:
        """Pause a scope for the wait that Meta named, else for a jittered back-off; return it."""
        now = self._clock.monotonic()
        with self._lock:
            pause = self._pauses.setdefault(scope, _Pause())
            # A refusal during a pause is of a call that began before it, and no new strike.
            if pause.until <= now:
                pause.until = now + self._back_off(pause.strikes, named_wait)
                pause.strikes += 1
                pause.reason = reason
            elif named_wait is not None:
                pause.until = max(pause.until, now + named_wait)
            return pause.until - now

    def heed_usage(self, scope: str, share: float, named_wait: float | None) -> None:
        """Take how much of a limit the scope has used: near it, it makes room for its publishers.

        At the limit it makes no calls at all. Either holds for the wait that Meta named, else for a
        quarter of an hour, unless Meta tells less before.
        """
        wait = named_wait or _USAGE_HOLDS_SECONDS
        if share >= _AT_LIMIT:
            self.impose(scope, FailureReason.RATE_LIMITED, wait)
        with self._lock:
            if share >= _NEAR_LIMIT:
                self._near_limit_until[scope] = self._clock.monotonic() + wait
            else:
                self._near_limit_until.pop(scope, None)

    def is_near_limit(self, *scopes: str) -> bool:
        """Return whether Meta told lately that one of the scopes has nearly used up its limit."""
        now = self._clock.monotonic()
        return any(self._near_limit_until.get(scope, 0.0) > now for scope in scopes)

    def remaining(self, *scopes: str) -> float:
        """Return the seconds until all of the scopes may call again, 0 when they may now."""
        now = self._clock.monotonic()
        with self._lock:
            pauses = [self._pauses[scope].until for scope in scopes if scope in self._pauses]
        return max((until - now for until in pauses if until > now), default=0.0)

    def paused(self) -> Collection[str]:
        """Return the scopes that may not call now."""
        now = self._clock.monotonic()
        with self._lock:
            return [scope for scope, pause in self._pauses.items() if pause.until > now]

    def keep_only(self, scopes: Collection[str]) -> None:
        with self._lock:
            self._pauses = {
                scope: pause for scope, pause in self._pauses.items() if scope in scopes
            }
            self._near_limit_until = {
                scope: until for scope, until in self._near_limit_until.items() if scope in scopes
            }

    def _back_off(self, strikes: int, named_wait: float | None) -> float:
        if named_wait is not None:
            return named_wait
        doublings = min(strikes, _MOST_DOUBLINGS)
        ceiling: float = min(_FIRST_BACK_OFF * 2**doublings, _LONGEST_BACK_OFF)
        return ceiling / 2 + self._random.uniform(0, ceiling / 2)
