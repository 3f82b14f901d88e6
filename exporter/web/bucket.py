from exporter.clock import Clock


class Bucket:
    """Holds up to `burst` tokens, and gets one each `interval` seconds."""

    __slots__ = ("_at", "_burst", "_clock", "_interval", "_tokens")

    def __init__(self, clock: Clock, interval: float, burst: int) -> None:
        self._clock = clock
        self._interval = interval
        self._burst = burst
        self._tokens = float(burst)
        self._at = clock.monotonic()

    def take(self) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) / self._interval)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) * self._interval
        self._tokens -= 1
        return 0.0

    def give_back(self) -> None:
        self._tokens = min(self._burst, self._tokens + 1)
