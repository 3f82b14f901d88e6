"""What stands in for the world about a target, so that an input always has the same outcome."""

from exporter.domain import Endpoint

NOW = 1_790_000_000.0


class StillClock:
    def wall(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class NoObserver:
    def request_finished(self, endpoint: Endpoint, code: str, seconds: float) -> None:
        pass

    def headers_unreadable(self, count: int) -> None:
        pass


STILL = StillClock()
NOBODY = NoObserver()
