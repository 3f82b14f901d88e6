from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import get_ident

from exporter.clock import Clock


class Heartbeats:
    """When each loop last showed that it lives; times are monotonic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, tuple[float, float]] = {}
        self._loops: dict[int, str] = {}

    def expect(self, loop: str, within: float) -> Callable[[], None]:
        """Have the loop beat at least every `within` seconds from now on; return how it does."""
        self._beats[loop] = (self._clock.monotonic(), within)
        return partial(self.beat, loop)

    def beat(self, loop: str) -> None:
        _, within = self._beats[loop]
        self._beats[loop] = (self._clock.monotonic(), within)
        self._loops[get_ident()] = loop

    def go_on(self) -> None:
        """Beat for the loop that last did in this thread, if any: it is busy with long work."""
        loop = self._loops.get(get_ident())
        if loop is not None:
            self.beat(loop)

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
