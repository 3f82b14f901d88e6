from collections import deque
from dataclasses import dataclass, field

from exporter.domain import QuotaKind

DEFAULT_TOTALS = {
    QuotaKind.PUBLISH: 250,
    QuotaKind.REPLY: 1000,
    QuotaKind.DELETE: 100,
    QuotaKind.LOCATION_SEARCH: 500,
}


@dataclass(slots=True)
class RollingQuota:
    """A quota over a moving window: an item counts from its time until `duration` later."""

    total: int
    duration: int = 86_400
    _times: deque[float] = field(default_factory=deque)

    def use(self, count: int, at: float) -> None:
        self._times.extend([at] * count)
        if len(self._times) > count and self._times[-count - 1] > at:
            self._times = deque(sorted(self._times))

    def usage(self, now: float) -> int:
        while self._times and now - self._times[0] >= self.duration:
            self._times.popleft()
        return len(self._times)


def default_quotas() -> dict[QuotaKind, RollingQuota]:
    return {kind: RollingQuota(total) for kind, total in DEFAULT_TOTALS.items()}
