from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import structlog

from exporter.clock import Clock
from exporter.config.problems import ConfigError
from exporter.secret import SecretUnreadableError

_log = structlog.get_logger(__name__)


class RestartNeededError(Exception):
    """A change that takes effect at the next start alone; the message names it."""


class Reloads:
    """Loads things anew, one at a time, and knows what is not in force for its mistakes.

    `success_at` is Unix seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._problems: dict[str, Sequence[str]] = {}
        self.success_at = clock.wall()

    @property
    def successful(self) -> bool:
        return not self._problems

    def failed(self, what: str) -> bool:
        return what in self._problems

    def settle(self) -> None:
        """Forget all problems: the whole configuration was loaded, within an attempt."""
        self._problems.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nothing be loaded meanwhile."""
        with self._lock:
            yield

    def attempt(self, what: str, load: Callable[[], None]) -> Sequence[str]:
        """Load; return the problems, which are logged when they are not the last ones."""
        with self._lock:
            problems, defect = _problems_of(load)
            before = self._problems.pop(what, ())
            if problems:
                self._problems[what] = problems
            else:
                self.success_at = self._clock.wall()
        if problems != before:
            for problem in problems:
                _log.error("not reloaded", what=what, problem=problem, exc_info=defect)
        return problems


def _problems_of(load: Callable[[], None]) -> tuple[Sequence[str], Exception | None]:
    """Return the operator's mistakes, or what the exporter itself suffers from."""
    try:
        load()
    except ConfigError as error:
        return [str(problem) for problem in error.problems], None
    except (SecretUnreadableError, RestartNeededError) as error:
        return [str(error)], None
    except Exception as error:  # noqa: BLE001 — want of memory, for one, may be over at the next try
        return [f"{type(error).__name__}: the log says more"], error
    return (), None
