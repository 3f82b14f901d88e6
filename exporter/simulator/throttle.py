"""The demo's account that Meta slows down now and then."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from exporter.simulator.faults import Fault, app_usage, business_usage
from exporter.simulator.graph import APP_LIMIT, USER_LIMIT, GraphError
from exporter.simulator.injection import Injection
from exporter.simulator.users import User
from exporter.simulator.world import World

_ROUND_SECONDS = 240.0
_CALM_SECONDS = 190.0
# Who is careful stops at 95, and would never be refused.
_MOST_BEFORE_REFUSALS = 94


@dataclass(slots=True)
class Throttle:
    """Usage that climbs for three minutes, then refusals until the round starts anew."""

    _world: World
    _user: User
    _started: float
    _errors: Iterator[GraphError] = field(
        default_factory=lambda: itertools.cycle((USER_LIMIT, APP_LIMIT))
    )
    _error: GraphError | None = None
    _injections: tuple[Injection, ...] = ()

    def step(self) -> None:
        phase = (self._world.clock.monotonic() - self._started) % _ROUND_SECONDS
        if phase < _CALM_SECONDS:
            self._error = None
        elif self._error is None:
            self._error = next(self._errors)
        self._inject(*self._faults(phase))

    def _faults(self, phase: float) -> tuple[Fault, ...]:
        climbed = min(_MOST_BEFORE_REFUSALS, round(20 + 80 * phase / _CALM_SECONDS))
        percent = climbed if self._error is None else 100
        usage = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 3}
        regain = {"estimated_time_to_regain_access": 0 if self._error is None else 1}
        business = {self._user.user_id: [{"type": "threads", **usage, **regain}]}
        headers: tuple[Fault, ...] = (app_usage(usage), business_usage(business))
        return headers if self._error is None else (self._error, *headers)

    def _inject(self, *faults: Fault) -> None:
        for injection in self._injections:
            injection.clear()
        token = self._user.token.value
        self._injections = tuple(self._world.inject(fault, token=token) for fault in faults)
