from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from exporter.simulator.faults import Fault
from exporter.simulator.messages import Answer, Request


@dataclass(eq=False, slots=True)
class Injection:
    """A fault in force: for which calls, and for how many more (None: until cleared)."""

    fault: Fault
    endpoint: str | None
    token: str | None
    times: int | None
    _withdraw: Callable[["Injection"], None] = field(repr=False)
    hits: int = 0

    def clear(self) -> None:
        self._withdraw(self)

    def concerns(self, endpoint: str, token: str | None) -> bool:
        return self.endpoint in (None, endpoint) and self.token in (None, token)


class Injections:
    """The faults in force, applied in the order of their injection."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._active: tuple[Injection, ...] = ()

    def inject(
        self, fault: Fault, endpoint: str | None, token: str | None, times: int | None
    ) -> Injection:
        injection = Injection(fault, endpoint, token, times, self._withdraw)
        with self._lock:
            self._active = (*self._active, injection)
        return injection

    def clear(self) -> None:
        with self._lock:
            self._active = ()

    def apply(self, answer: Answer, endpoint: str, request: Request) -> Answer:
        for injection in self._take(endpoint, request.token):
            answer = injection.fault.alter(answer, request)
        return answer

    def _take(self, endpoint: str, token: str | None) -> tuple[Injection, ...]:
        with self._lock:
            taken = tuple(item for item in self._active if item.concerns(endpoint, token))
            for injection in taken:
                injection.hits += 1
            self._active = tuple(item for item in self._active if not _spent(item))
        return taken

    def _withdraw(self, injection: Injection) -> None:
        with self._lock:
            self._active = tuple(item for item in self._active if item is not injection)


def _spent(injection: Injection) -> bool:
    return injection.times is not None and injection.hits >= injection.times
