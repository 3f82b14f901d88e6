"""An exporter and a simulated Meta that live by one clock, which a test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exporter.domain import Endpoint
from exporter.simulator import User, World
from exporter.web.addresses import ListenAddress
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.clock import ControlledClock
from tests.eventually import eventually
from tests.running_exporter import NEVER, RunningExporter, new_service
from tests.scrape import Scrape
from tests.workspace import Section, Workspace

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0

RARELY: Section = {
    "quota": {"interval": "1d"},
    "token": {"interval": "1d"},
    "containers": {"interval": "1m", "give_up_after": "5m"},
    "stale_after": "2d",
}
"""Polls of their own come after the first ones only when no test looks any more."""


@dataclass(frozen=True)
class OwnTime:
    """Its accounts are polled once at the start, and then when a test probes them."""

    exporter: RunningExporter
    world: World
    clock: ControlledClock

    def probe(self, user: User) -> Scrape:
        """Poll the account now, over HTTP."""
        return self.exporter.scrape(f"/probe?account={user.name}")

    def succeeds(self, user: User) -> bool:
        return self.probe(user).value("probe_success") == 1

    def probe_each_minute(self, user: User, minutes: int) -> None:
        for _ in range(minutes):
            self.probe(user)
            self.clock.advance(MINUTE)

    def endpoints(self, user: User) -> list[str]:
        """Return what was called with the user's token since this was last asked."""
        calls = self.world.calls(token=user.token.value)
        self.world.log.clear()
        return [call.endpoint for call in calls]

    def asks(self, user: User) -> list[float]:
        """Return when the user's containers were asked about."""
        calls = self.world.calls(token=user.token.value, endpoint=Endpoint.CONTAINER)
        return [call.monotonic for call in calls]

    def value(self, name: str, **labels: str) -> float | None:
        return self.exporter.scrape().value(name, **labels)


@contextmanager
def own_time(
    workspace: Workspace,
    world: World,
    clock: ControlledClock,
    accounts: list[Section],
    polling: Section = RARELY,
) -> Iterator[OwnTime]:
    file = workspace.configure(accounts, polling=polling)
    service = new_service(file, clock=clock)
    server = WebServer(create_app(service, WebOptions("1.2.3")), [ListenAddress("127.0.0.1", 0)])
    server.start()
    service.start(NEVER)
    try:
        exporter = RunningExporter(service, server.urls[0])
        runs = sum(2 + ("containers" in account) for account in accounts)
        eventually(lambda: _rests_after(exporter.scrape(), runs))
        world.log.clear()
        yield OwnTime(exporter, world, clock)
    finally:
        server.stop(5)
        service.stop()


def _rests_after(scrape: Scrape, runs: int) -> bool:
    started = scrape.select("threads_exporter_schedule_lag_seconds_count")
    in_flight = scrape.value("threads_exporter_polls_in_flight")
    return sum(sample.value for sample in started) >= runs and not in_flight
