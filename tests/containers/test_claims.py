"""Leases and claims in a real PostgreSQL, whose clock they go by."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.containers.claims import ClaimTable
from exporter.containers.holder import Holder
from exporter.containers.store import ContainerStore
from tests.containers.postgresql_server import PostgresqlServer

pytest_plugins = ("tests.containers.backends",)
pytestmark = pytest.mark.postgresql

ACCOUNTS = ("acme", "globex", "zebra")


def holder(shard: int = 0, total: int = 1, seconds: float = 600.0) -> Holder:
    return Holder(shard, total, seconds, "elsewhere")


@pytest.fixture
def table(postgresql_store: ContainerStore) -> ClaimTable:
    return ClaimTable(postgresql_store.transaction)


def lease(table: ClaimTable, who: Holder | None = None) -> int:
    return table.renew(who or holder(), None).epoch


def expire(server: PostgresqlServer, database: str, epoch: int) -> None:
    statement = "UPDATE leases SET expires_at = 0 WHERE epoch = %s::bigint"
    server.execute(statement, database, (str(epoch),))


def test_a_lease_that_is_renewed_in_time_goes_on(table: ClaimTable) -> None:
    first = lease(table)

    assert table.renew(holder(), first).epoch == first


def test_each_lease_has_an_epoch_of_its_own(table: ClaimTable) -> None:
    assert lease(table) < lease(table)


def test_what_is_free_is_claimed_once(table: ClaimTable) -> None:
    first, second = lease(table), lease(table)

    assert set(table.claim(first, ACCOUNTS[:2])) == {"acme", "globex"}
    assert set(table.claim(second, ACCOUNTS)) == {"zebra"}
    assert (table.claimed(first), table.claimed(second)) == ({"acme", "globex"}, {"zebra"})
    assert table.claim(first, ACCOUNTS) == ()


def test_of_many_who_claim_at_once_each_gets_what_nobody_else_got(table: ClaimTable) -> None:
    accounts = [f"account-{number}" for number in range(200)]
    epochs = [lease(table) for _ in range(4)]
    with ThreadPoolExecutor(len(epochs)) as threads:
        got = list(threads.map(lambda epoch: table.claim(epoch, accounts), epochs))

    assert sorted(account for accounts in got for account in accounts) == sorted(accounts)
    assert [set(accounts) for accounts in got] == [table.claimed(epoch) for epoch in epochs]


def test_an_expired_leases_accounts_are_free(
    table: ClaimTable, postgresql_server: PostgresqlServer, database: str
) -> None:
    first, second = lease(table), lease(table)
    table.claim(first, ACCOUNTS)
    expire(postgresql_server, database, first)

    assert set(table.claim(second, ["acme"])) == {"acme"}
    assert table.claimed(first) == {"globex", "zebra"}


def test_a_lease_that_expired_is_followed_by_one_with_what_nobody_took(
    table: ClaimTable, postgresql_server: PostgresqlServer, database: str
) -> None:
    first, second = lease(table), lease(table)
    table.claim(first, ACCOUNTS)
    expire(postgresql_server, database, first)
    table.claim(second, ["acme"])

    third = table.renew(holder(), first).epoch

    assert third > second
    assert (table.claimed(first), table.claimed(third)) == (set(), {"globex", "zebra"})


def test_what_is_let_go_is_free_at_once(table: ClaimTable) -> None:
    first, second = lease(table), lease(table)
    table.claim(first, ACCOUNTS)

    table.let_go(first, ["acme", "not-its"])
    assert set(table.claim(second, ACCOUNTS)) == {"acme"}

    table.end(first)
    assert set(table.claim(second, ACCOUNTS)) == {"globex", "zebra"}
    assert table.renew(holder(), first).epoch != first


def test_the_lease_of_a_process_that_has_ended_on_this_host_is_over(table: ClaimTable) -> None:
    host, system, pid, started = Holder(0, 1, 600.0).name.split(" ")
    ended = Holder(0, 1, 600.0, f"{host} {system} {pid} {int(started) - 1}")
    first = lease(table, ended)
    table.claim(first, ACCOUNTS)

    second = lease(table, Holder(0, 1, 600.0))

    assert set(table.claim(second, ACCOUNTS)) == set(ACCOUNTS)


@pytest.mark.parametrize(
    ("other", "is_rival"),
    [
        (holder(1, 3), False),
        (holder(0, 3), True),
        (holder(1, 4), True),
        (holder(1, 4, seconds=-1.0), False),
    ],
    ids=["another shard", "the same shard", "another total", "one whose lease is over"],
)
def test_a_rival_is_who_could_have_the_same_accounts(
    table: ClaimTable, other: Holder, *, is_rival: bool
) -> None:
    lease(table, other)

    assert table.renew(holder(0, 3), None).has_rival is is_rival
