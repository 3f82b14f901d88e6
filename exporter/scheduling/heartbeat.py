from collections.abc import Callable, Mapping, Sequence
from functools import partial

from exporter.clock import Clock


class Heartbeats:
    """When each loop last showed that it lives; times are monotonic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, tuple[float, float]] = {}

    def expect(self, loop: str, within: float) -> Callable[[], None]:
        """Have the loop beat at least every `within` seconds from now on; return how it does."""
        self._beats[loop] = (self._clock.monotonic(), within)
        return partial(self.beat, loop)

    def beat(self, loop: str) -> None:
        _, within = self._beats[loop]
        self._beats[loop] = (self._clock.monotonic(), within)

    def times(self) -> Mapping[str, float]:
        """Return when each loop beat last, in Unix seconds by what the clock says now."""
        offset = self._clock.wall() - self._clock.monotonic()
        return {loop: beat + offset for loop, (beat, _) in tuple(self._beats.items())}

    def silent(self) -> Sequence[str]:
        """Return, in a sentence each, which loops have not beaten in time."""
        now = self._clock.monotonic()
        return [
            f"the {loop} loop has been silent for {now - beat:.0f} s"
            for loop, (beat, within) in tuple(self._beats.items())
            if now - beat > within
        ]
