"""The log of what was asked of the simulator, for tests that judge budgets and rhythms."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock


class AuthWay(StrEnum):
    """How a caller showed its token."""

    HEADER = "header"
    QUERY = "query"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived; `status` is None where a fault left no HTTP answer.

    `at` and `monotonic` are the two times of the world's clock. The token and the query are not
    hidden: the simulator only ever sees made-up tokens.
    """

    at: float
    monotonic: float
    method: str
    endpoint: str
    path: str
    query: Mapping[str, str]
    token: str | None
    auth: AuthWay
    user_agent: str
    status: int | None


class CallLog:
    """The newest calls, at most `max_calls`, and the number of all."""

    def __init__(self, max_calls: int) -> None:
        self._calls: deque[Call] = deque(maxlen=max_calls)
        self._total = 0
        self._lock = Lock()

    @property
    def total(self) -> int:
        return self._total

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            self._total += 1

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._total = 0

    def select(self, token: str | None, endpoint: str | None) -> tuple[Call, ...]:
        """Return the calls in the order of arrival; None selects every token or endpoint."""
        with self._lock:
            calls = tuple(self._calls)
        return tuple(
            call
            for call in calls
            if token in (None, call.token) and endpoint in (None, call.endpoint)
        )
