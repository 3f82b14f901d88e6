"""Any number of accounts as they are once they were polled, without polls."""

from dataclasses import replace
from itertools import count, cycle, islice

from exporter.clock import SystemClock
from exporter.domain import AccountIdentity, Poll, Quota, QuotaKind
from exporter.metrics.instruments import Instruments
from exporter.metrics.scopes import NEEDED_SCOPES
from exporter.metrics.state import BuildInfo, ExporterState, Sources
from exporter.observations import changes
from exporter.observations.model import AccountObservation, TokenReading
from exporter.observations.store import Observations
from exporter.scheduling.plan import phase_of

_FIRST_USER = 17841400000000000
_DAY = 86_400
_STALE_AFTER = 1e6
_BUDGET = 2400
_SPENT = 1440


def _moment(name: str) -> float:
    return phase_of(f"{Poll.QUOTA} {name}", 1.0)


class PolledAccounts:
    """Observations of accounts, which change as polls would change them.

    They take turns in the order of the schedule, which is not that of their names.
    """

    def __init__(self, number: int) -> None:
        self._clock = SystemClock()
        self._observations = Observations()
        self._names = [f"account-{index:06d}" for index in range(number)]
        self._observations.keep_only(
            AccountIdentity(name, str(_FIRST_USER + index), "", {})
            for index, name in enumerate(self._names)
        )
        self._turn = cycle(sorted(self._names, key=_moment))
        self._usage = count(1)
        self.instruments = Instruments()
        self.sources = Sources(
            self._observations.view,
            self._observations.take_changed,
            self._state,
            self._state,
            lambda _: _SPENT,
            self._clock,
        )
        for name in self._names:
            self._inspect(name)
        self.poll(number)

    def poll(self, number: int) -> list[str]:
        """Note what quota polls of the next accounts in turn would; return their names."""
        usage = next(self._usage) % 250
        quotas = {kind: Quota(usage, 250, _DAY) for kind in QuotaKind}
        names = list(islice(self._turn, number))
        for name in names:
            self._observations.change(name, changes.quotas_read(quotas, self._clock.monotonic()))
            self._observations.change(name, changes.poll_succeeded(Poll.QUOTA, self._clock.wall()))
        return names

    def _inspect(self, name: str) -> None:
        def with_token(seen: AccountObservation) -> AccountObservation:
            token = TokenReading(
                valid=True,
                expires_at=4_000_000_000,
                data_access_expires_at=4_000_000_000,
                issued_at=1_780_000_000,
                scopes=NEEDED_SCOPES,
            )
            return replace(seen, token=token)

        self._observations.change(name, with_token)
        for poll in (Poll.TOKEN, Poll.CONTAINER):
            self._observations.change(name, changes.poll_succeeded(poll, self._clock.wall()))

    def _state(self) -> ExporterState:
        return ExporterState(
            build=BuildInfo("1", "benchmark", "3"),
            catalogue=(),
            stale_after=_STALE_AFTER,
            call_budget=_BUDGET,
            reload_successful=True,
            reload_success_at=1.0,
        )
