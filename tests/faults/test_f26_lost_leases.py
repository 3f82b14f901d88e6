"""F26: of several exporters on one PostgreSQL some are restarted, killed, halted or cut off.

Each account is polled by one of them all the time, and each container's end is counted once.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count, cycle
from threading import Event, Thread

import pytest
import requests

from exporter.simulator import World
from exporter.simulator.containers import Step
from tests.containers.postgresql_server import PostgresqlServer, installed
from tests.eventually import eventually
from tests.faults.proxy import BlackHole, Fault, FaultProxy
from tests.faults.publisher import Publisher, postgresql_at
from tests.faults.shards import LEASE, Rhythm, Shards, configure
from tests.workspace import Workspace

pytestmark = pytest.mark.postgresql

ACCOUNTS = int(os.environ.get("SHARDED_ACCOUNTS", "300"))
INTERVAL = 10.0
EARLY = 0.4 * INTERVAL
"""A first poll, or one after a takeover, is followed by another after half an interval at least."""
LATE = 5.0
"""How much later than it should a poll may be on a busy machine."""

RENEWED = "threads_exporter_lease_renewed_timestamp_seconds"
LIVES = {
    outcome: (Step(0, "IN_PROGRESS"), Step(7, outcome, message))
    for outcome, message in (("ERROR", "UNKNOWN"), ("EXPIRED", None), ("PUBLISHED", None))
}
Ends = Mapping[tuple[str, str], int]
"""Containers by account and outcome."""


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    binaries = installed()
    assert binaries is not None
    server = PostgresqlServer(binaries, max_connections=60)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def live_world() -> World:
    world = World(max_calls=1_000_000)
    for number in range(ACCOUNTS):
        world.add_user(f"account-{number:05}")
    return world


@pytest.fixture
def shards(workspace: Workspace, live_world: World, server: PostgresqlServer) -> Iterator[Shards]:
    store = postgresql_at(workspace, server, "postgres")
    shards = Shards(workspace, configure(workspace, live_world, INTERVAL, store))
    yield shards
    shards.stop_all()


class Publishers(Thread):
    """Register containers by any exporter for any account, again until they are taken."""

    def __init__(self, shards: Shards, world: World) -> None:
        super().__init__(daemon=True)
        self._shards = shards
        self._users = cycle(world.users.values())
        self._over = Event()
        self._taken: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        for number in count(1):
            if self._over.wait(0.1):
                return
            user, outcome = next(self._users), sorted(LIVES)[number % len(LIVES)]
            user.add_container(str(number), LIVES[outcome])
            while not self._is_taken(number, user.name):
                self._over.wait(0.5)
            self._taken[user.name, outcome] += 1

    def _is_taken(self, number: int, account: str) -> bool:
        exporters = tuple(self._shards.running.values())
        if not exporters:
            return False
        publisher = Publisher(exporters[number % len(exporters)], account)
        try:
            return publisher.register(str(number)).status_code in {200, 201}
        except (requests.RequestException, AssertionError):
            # The exporter that was asked is on its way out, or not there yet.
            return False

    def end(self) -> Ends:
        """Return what was taken."""
        self._over.set()
        self.join(60)
        assert not self.is_alive()
        return self._taken


@contextmanager
def judged(shards: Shards, world: World, *, doubled: int) -> Iterator[None]:
    """See that each account is polled all the time, and twice in a row no more often than that."""
    since = time.monotonic()
    yield
    eventually(lambda: shards.share_all(ACCOUNTS))
    time.sleep(INTERVAL)
    rhythm = Rhythm.of(world, since)
    assert max(rhythm.early(EARLY).values(), default=0) <= doubled
    assert rhythm.longest_silence(since, time.monotonic()) <= LEASE + INTERVAL + LATE


def outcomes_in(server: PostgresqlServer) -> Ends:
    rows = server.execute("SELECT account, name, value FROM counts WHERE kind = 'outcome'")
    return {(account, name): number for account, name, number in rows}


def outcomes_shown(shards: Shards) -> Ends:
    shown: Counter[tuple[str, str]] = Counter()
    for exporter in shards.running.values():
        for sample in exporter.scrape().select("threads_container_outcomes_total"):
            shown[sample.labels["account"], sample.labels["outcome"]] += int(sample.value)
    return +shown


def test_each_account_is_polled_by_one_and_no_outcome_is_lost_or_doubled(
    shards: Shards, live_world: World, server: PostgresqlServer
) -> None:
    for ordinal in range(3):
        shards.start(f"{ordinal}", ordinal, 3)
    eventually(lambda: shards.share_all(ACCOUNTS))
    publishers = Publishers(shards, live_world)
    publishers.start()

    with judged(shards, live_world, doubled=0):
        before = shards.accounts()

    with judged(shards, live_world, doubled=1):
        shards.start("3", 3, 4)
        for ordinal in range(3):
            shards.stop(f"{ordinal}")
            shards.start(f"{ordinal}", ordinal, 4)
    after = shards.accounts()
    assert {owner for name, [owner] in after.items() if [owner] != before[name]} == {"3"}

    with judged(shards, live_world, doubled=1):
        shards.kill("1")
        shards.start("1", 1, 4)

    with judged(shards, live_world, doubled=1):
        halted = shards.running.pop("2")
        halted.send(signal.SIGSTOP)
        shards.start("the same by mistake", 2, 4)
        eventually(lambda: shards.share_all(ACCOUNTS))
        halted.send(signal.SIGCONT)
        shards.running["2"] = halted

    with judged(shards, live_world, doubled=1):
        server.stop()
        server.start()

    taken = publishers.end()
    eventually(lambda: outcomes_in(server) == taken)
    eventually(lambda: outcomes_shown(shards) == taken)


def test_who_is_cut_off_from_the_store_leaves_its_accounts_to_the_one_that_stands_by(
    shards: Shards, live_world: World, server: PostgresqlServer
) -> None:
    way = FaultProxy(server.port)
    with way.listening():
        cut_off = Workspace(shards.workspace.folder / "cut off", shards.workspace.base_url)
        store = postgresql_at(cut_off, server, "postgres", way.port)
        first = shards.start("first", 0, 1, configure(cut_off, live_world, INTERVAL, store))
        eventually(lambda: shards.share_all(ACCOUNTS))
        shards.start("standby", 0, 1).wait_until_ready()
        standing_by_since = time.time()
        eventually(lambda: first.scrape().value(RENEWED) or 0.0, standing_by_since.__lt__)

        with judged(shards, live_world, doubled=1):
            before = {owner for owners in shards.accounts().values() for owner in owners}
            way.fault = BlackHole()
            eventually(lambda: set(map(tuple, shards.accounts().values())) == {("standby",)})
        way.fault = Fault()
        shards.stop_all()

    assert before == {"first"}
