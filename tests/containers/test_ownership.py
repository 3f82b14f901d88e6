"""What a process holds of its accounts, and until when, while it can be in touch and while not."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from exporter.containers.claims import ClaimTable, Lease
from exporter.containers.holder import Holder
from exporter.containers.ownership import SharedOwnership, SoleOwnership
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from tests.clock import ControlledClock
from tests.containers.postgresql_server import PostgresqlServer

pytest_plugins = ("tests.containers.backends",)
pytestmark = pytest.mark.postgresql

LEASE = 30.0
ALL = {"acme", "globex", "zebra"}
DOWN = StoreError(StoreTrouble.UNREACHABLE, "no answer")


class CutOffTable(ClaimTable):
    """Leases and claims that a process may be cut off from, wholly or in part."""

    trouble: StoreError | None = None
    unread: StoreError | None = None

    def renew(self, holder: Holder, former: int | None) -> Lease:
        self._check(self.trouble)
        return super().renew(holder, former)

    def claimed(self, epoch: int) -> Collection[str]:
        self._check(self.unread)
        return super().claimed(epoch)

    def let_go(self, epoch: int, accounts: Collection[str]) -> None:
        self._check(self.trouble)
        super().let_go(epoch, accounts)

    def end(self, epoch: int) -> None:
        self._check(self.trouble)
        super().end(epoch)

    @staticmethod
    def _check(trouble: StoreError | None) -> None:
        if trouble is not None:
            raise trouble


@dataclass
class Told:
    """What is known of accounts, as it was told."""

    epochs: list[int] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    troubles: list[StoreTrouble] = field(default_factory=list)
    unreadable: StoreError | None = None

    def write_with(self, epoch: int) -> None:
        self.epochs.append(epoch)

    def take_up(self, accounts: Collection[str]) -> None:
        if self.unreadable is not None:
            raise self.unreadable
        self.known |= set(accounts)

    def drop(self, accounts: Collection[str]) -> None:
        self.known -= set(accounts)

    def store_failed(self, trouble: StoreTrouble) -> None:
        self.troubles.append(trouble)


class Process:
    """One of those that are on the store."""

    def __init__(self, store: ContainerStore, clock: ControlledClock, shard: int = 0) -> None:
        self.table = CutOffTable(store.transaction)
        self.told = Told()
        holder = Holder(shard, 2, LEASE, f"elsewhere {shard}")
        self.ownership = SharedOwnership(self.table, holder, self.told, clock)

    @property
    def held(self) -> set[str]:
        held = set(self.ownership.held)
        assert {name for name in ALL if self.ownership.holds(name)} == held
        return held


@pytest.fixture
def first(postgresql_store: ContainerStore, clock: ControlledClock) -> Process:
    return Process(postgresql_store, clock)


@pytest.fixture
def second(postgresql_store: ContainerStore, clock: ControlledClock) -> Process:
    return Process(postgresql_store, clock)


@pytest.fixture
def other_shard(postgresql_store: ContainerStore, clock: ControlledClock) -> Process:
    return Process(postgresql_store, clock, shard=1)


def expire_all(server: PostgresqlServer, database: str) -> None:
    server.execute("UPDATE leases SET expires_at = 0", database)


def test_who_has_the_store_alone_holds_what_it_wants() -> None:
    ownership = SoleOwnership()
    at_first = (set(ownership.held), ownership.holds("acme"))
    ownership.want(ALL)
    then = (set(ownership.held), ownership.holds("acme"))
    ownership.want({"zebra"})
    ownership.let_go()
    after = (set(ownership.held), ownership.holds("acme"))
    ownership.end()

    assert (at_first, then, after) == ((set(), False), (ALL, True), ({"zebra"}, False))
    assert ownership.held == frozenset()


def test_what_is_wanted_and_free_is_taken_up_and_held(first: Process, second: Process) -> None:
    first.ownership.want({"acme", "globex"})
    second.ownership.want(ALL)

    assert (first.held, second.held) == ({"acme", "globex"}, {"zebra"})
    assert (first.told.known, second.told.known) == ({"acme", "globex"}, {"zebra"})
    assert [first.told.epochs, second.told.epochs] == [
        [first.ownership.epoch],
        [second.ownership.epoch],
    ]


def test_what_is_not_wanted_any_more_is_held_by_nobody_until_it_is_let_go(
    first: Process, second: Process
) -> None:
    first.ownership.want(ALL)
    first.ownership.want({"acme"})
    second.ownership.want(ALL)
    before = first.held, set(first.told.known), second.held
    first.ownership.let_go()
    second.ownership.renew()

    assert before == ({"acme"}, ALL, set())
    assert (first.told.known, second.held) == ({"acme"}, {"globex", "zebra"})


def test_who_ends_leaves_all_to_others_at_once_and_takes_nothing_again(
    first: Process, second: Process
) -> None:
    first.ownership.want(ALL)
    first.ownership.end()
    second.ownership.want(ALL)
    first.ownership.renew()

    assert (first.held, second.held) == (set(), ALL)


def test_a_lease_is_renewed_when_it_is_time_to(first: Process, clock: ControlledClock) -> None:
    first.ownership.want(ALL)
    at_first = first.ownership.renewed_at
    clock.advance(LEASE / 6 - 0.1)
    first.ownership.renew_in_time()
    early = first.ownership.renewed_at
    clock.advance(0.1)
    first.ownership.renew_in_time()

    assert (early, first.ownership.renewed_at) == (at_first, clock.wall())
    assert first.held == ALL


def test_who_does_not_try_to_renew_holds_nothing_after_half_of_the_lease(
    first: Process, clock: ControlledClock
) -> None:
    first.ownership.want(ALL)
    clock.advance(LEASE / 2 - 0.1)
    before = first.held
    clock.advance(0.1)

    assert (before, first.held) == (ALL, set())


def test_who_is_cut_off_goes_on_where_nobody_else_could_take_over(
    first: Process, other_shard: Process, clock: ControlledClock
) -> None:
    other_shard.ownership.want({"yeti"})
    first.ownership.want(ALL)
    first.table.trouble = DOWN
    for _ in range(10):
        clock.advance(LEASE / 3)
        first.ownership.renew()

    assert first.held == ALL
    assert first.told.troubles == 10 * [StoreTrouble.UNREACHABLE]


def test_who_is_cut_off_holds_nothing_after_half_of_the_lease_where_another_could_take_over(
    first: Process, second: Process, clock: ControlledClock
) -> None:
    first.ownership.want(ALL)
    second.ownership.want(ALL)
    first.ownership.renew()
    first.table.trouble = DOWN
    clock.advance(LEASE / 2 - 0.1)
    first.ownership.renew()
    before = first.held
    clock.advance(0.1)

    assert (before, first.held) == (ALL, set())


def test_what_others_took_over_meanwhile_is_dropped_and_the_rest_is_read_anew(
    first: Process, second: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    first.ownership.want(ALL)
    expire_all(postgresql_server, database)
    second.ownership.want({"acme"})
    first.told.known.discard("zebra")
    first.ownership.renew()

    assert (first.held, second.held) == ({"globex", "zebra"}, {"acme"})
    assert first.told.known == {"globex", "zebra"}
    assert len(set(first.told.epochs)) == 2


def test_nothing_is_held_that_others_may_have_taken_before_that_is_known(
    first: Process, second: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    first.ownership.want(ALL)
    expire_all(postgresql_server, database)
    second.ownership.want({"acme"})
    first.table.unread = DOWN
    first.ownership.renew()
    meanwhile = first.held
    first.table.unread = None
    first.ownership.renew()

    assert (meanwhile, first.held) == (set(), {"globex", "zebra"})


def test_what_cannot_be_read_is_not_held_yet(first: Process) -> None:
    first.told.unreadable = DOWN
    first.ownership.want(ALL)
    before = first.held
    first.told.unreadable = None
    first.ownership.renew()

    assert (before, first.held) == (set(), ALL)


def test_what_could_not_be_let_go_is_free_once_the_lease_is_over(
    first: Process, second: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    first.ownership.want(ALL)
    first.table.trouble = DOWN
    first.ownership.end()
    second.ownership.want(ALL)
    before = second.held
    expire_all(postgresql_server, database)
    second.ownership.renew()

    assert (before, second.held) == (set(), ALL)
