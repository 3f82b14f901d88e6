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


@dataclass(slots=True)
class _Pause:
    until: float = 0.0
    strikes: int = 0
    reason: FailureReason = FailureReason.RATE_LIMITED


class Pauses:
    """Until when each scope (an account, or an app) makes no calls; times are monotonic.

    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._pauses: dict[str, _Pause] = {}

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

    def remaining(self, *scopes: str) -> float:
        """Return the seconds until all of the scopes may call again, 0 when they may now."""
        now = self._clock.monotonic()
        with self._lock:
            pauses = [self._pauses[scope].until for scope in scopes if scope in self._pauses]
        return max((until - now for until in pauses if until > now), default=0.0)

    def reason(self, *scopes: str) -> FailureReason | None:
        """Return why one of the scopes may not call now, None when all may."""
        now = self._clock.monotonic()
        with self._lock:
            pauses = [self._pauses[scope] for scope in scopes if scope in self._pauses]
            return next((pause.reason for pause in pauses if pause.until > now), None)

    def forget_over(self, *scopes: str) -> None:
        """Forget the scopes' pauses that are over, once a call went through again.

        One that is on stays: the call that went through may have begun before it.
        """
        now = self._clock.monotonic()
        with self._lock:
            for scope in scopes:
                if scope in self._pauses and self._pauses[scope].until <= now:
                    del self._pauses[scope]

    def keep_only(self, scopes: Collection[str]) -> None:
        with self._lock:
            self._pauses = {
                scope: pause for scope, pause in self._pauses.items() if scope in scopes
            }

    def _back_off(self, strikes: int, named_wait: float | None) -> float:
        if named_wait is not None:
            return named_wait
        doublings = min(strikes, _MOST_DOUBLINGS)
        ceiling: float = min(_FIRST_BACK_OFF * 2**doublings, _LONGEST_BACK_OFF)
        return ceiling / 2 + self._random.uniform(0, ceiling / 2)
