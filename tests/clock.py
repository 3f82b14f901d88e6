from dataclasses import dataclass


@dataclass
class ControlledClock:
    """A clock that a test moves: both times together, or the wall clock alone."""

    wall_time: float = 1_790_000_000.0
    monotonic_time: float = 1_000.0

    def wall(self) -> float:
        return self.wall_time

    def monotonic(self) -> float:
        return self.monotonic_time

    def advance(self, seconds: float) -> None:
        self.wall_time += seconds
        self.monotonic_time += seconds

    def set_wall(self, wall_time: float) -> None:
        self.wall_time = wall_time
