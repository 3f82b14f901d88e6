"""Two processes on one PostgreSQL: what the one is told, the other polls."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from exporter.clock import SystemClock
from exporter.containers.claims import ClaimTable
from exporter.containers.holder import Holder
from exporter.containers.news import CHANNEL, News
from exporter.containers.ownership import SharedOwnership
from exporter.containers.registry import ContainerRegistry, TrackingRules
from exporter.containers.shared import SharedContainers
from exporter.containers.sharing import Sharing
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble
from tests.containers.answers import FAILED, PUBLISHED
from tests.containers.observing import Processed
from tests.containers.postgresql_server import PostgresqlServer
from tests.eventually import eventually

pytest_plugins = ("tests.containers.backends",)
pytestmark = pytest.mark.postgresql

WEEK = 7 * 86_400.0
TERMINATE_LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND query LIKE 'LISTEN%%'
"""


@dataclass
class Heard:
    """What a process was told by the thread that looks at the store."""

    news: Counter[str] = field(default_factory=Counter)
    beats: int = 0

    def take(self, accounts: Collection[str]) -> None:
        self.news.update(accounts)

    def beat(self) -> None:
        self.beats += 1


class Process:
    def __init__(self, url: str, *accounts: str, lease: float = 600.0) -> None:
        self.clock = SystemClock()
        self.observer = Processed()
        self.store = ContainerStore(url, timeout=60.0)
        self.registry = ContainerRegistry(self.store, self.clock, self.observer)
        self.registry.open()
        self.news = News(self.store.transaction)
        self.shared = SharedContainers(
            self.store,
            self.news,
            self.clock,
            max_tracked=lambda: self.registry.max_tracked,
            failed=self.observer.store_failed,
        )
        holder = Holder(0, 1, lease, "elsewhere")
        table = ClaimTable(self.store.transaction)
        self.ownership = SharedOwnership(table, holder, self.registry, self.clock)
        self.own(*accounts)
        self.heard = Heard()
        self.sharing: Sharing | None = None

    def own(self, *accounts: str) -> None:
        self.ownership.want(accounts)
        self.registry.follow(dict.fromkeys(accounts, ()), TrackingRules())

    def share(self) -> Sharing:
        """Look at the store from now on."""
        listener = self.store.listener(CHANNEL, lambda text: text == str(self.ownership.epoch))
        assert listener is not None
        self.sharing = Sharing(self.ownership, self.registry, self.news, listener)
        self.sharing.start(lambda: None, self.heard.take, self.heard.beat)
        return self.sharing

    def register(self, *containers: tuple[str, str]) -> object:
        [outcome] = self.shared.register_each([containers])
        return outcome

    def close(self) -> None:
        if self.sharing:
            self.sharing.stop()
        self.ownership.end()
        self.registry.close()


@pytest.fixture
def url(postgresql_server: PostgresqlServer, database: str) -> str:
    return postgresql_server.url(database)


@pytest.fixture
def polling(url: str) -> Iterator[Process]:
    """Give the process that has acme."""
    process = Process(url, "acme")
    yield process
    process.close()


@pytest.fixture
def other(url: str) -> Iterator[Process]:
    """Give the process that has zebra."""
    process = Process(url, "zebra")
    yield process
    process.close()


def take_news(process: Process) -> Collection[str]:
    assert process.ownership.epoch is not None
    return process.registry.reread(process.news.take(process.ownership.epoch))


def test_what_another_process_is_told_reaches_the_one_that_polls(
    polling: Process, other: Process
) -> None:
    assert other.register(("acme", "1"), ("zebra", "2")) == [True, True]
    other.shared.count_report("acme", "rate_limited")

    assert (take_news(polling), take_news(polling)) == ({"acme"}, ())
    assert (polling.registry.due("acme"), polling.registry.due("zebra")) == (["1"], [])
    assert polling.registry.reports("acme") == {"rate_limited": 1}
    assert take_news(other) == {"zebra"}


def test_what_is_known_is_no_news(polling: Process, other: Process) -> None:
    other.register(("acme", "1"))
    take_news(polling)

    assert other.register(("acme", "1")) == [False]
    assert take_news(polling) == ()


def test_what_was_removed_elsewhere_is_asked_about_no_more(
    polling: Process, other: Process
) -> None:
    other.register(("acme", "1"))
    take_news(polling)
    removed = other.shared.remove("1")
    again = other.shared.remove("1")
    take_news(polling)

    assert removed is not None
    assert again is None
    assert (polling.registry.due("acme"), polling.registry.get("1")) == ([], None)


def test_news_of_an_account_that_nobody_has_wait_for_who_claims_it(
    other: Process, url: str
) -> None:
    other.register(("acme", "1"))
    late = Process(url, "acme")
    known = late.registry.due("acme")
    news = take_news(late)
    late.close()

    assert (known, news) == (["1"], {"acme"})


def test_a_notification_has_the_store_looked_at_at_once(polling: Process, other: Process) -> None:
    polling.share()
    eventually(lambda: polling.heard.beats >= 1)
    other.register(("acme", "1"))

    eventually(lambda: polling.heard.news == {"acme": 1}, within=60.0)
    assert polling.registry.due("acme") == ["1"]


def test_without_notifications_the_store_is_looked_at_now_and_then(
    polling: Process, other: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    polling.share()
    with capture_logs() as logs:
        eventually(
            lambda: postgresql_server.execute(TERMINATE_LISTENERS, database, (database,)),
        )
        eventually(lambda: any(line["event"] == "not listening to the store" for line in logs))
    other.register(("acme", "1"))

    eventually(lambda: polling.heard.news == {"acme": 1})


def test_the_thread_is_shown_when_it_is_dead(polling: Process) -> None:
    sharing = polling.share()
    alive = list(sharing.dead_threads())
    sharing.stop()

    assert alive == []
    assert eventually(lambda: list(sharing.dead_threads())) == ["store"]


def test_the_lease_is_told_of(polling: Process) -> None:
    lease = polling.share().lease

    assert lease is not None
    assert (lease.epoch, lease.accounts) == (polling.ownership.epoch, 1)
    assert lease.renewed_at == polling.ownership.renewed_at


def test_who_has_lost_an_account_writes_nothing_of_it(
    polling: Process, other: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    polling.register(("acme", "1"), ("acme", "2"))
    take_news(polling)
    polling.registry.answered("acme", "2", PUBLISHED)
    postgresql_server.execute("UPDATE leases SET expires_at = 0", database)
    other.own("zebra", "acme")
    polling.registry.answered("acme", "1", FAILED)
    known_to_loser = polling.registry.get("1")
    other.registry.answered("acme", "1", PUBLISHED)

    assert known_to_loser is not None
    assert known_to_loser.is_tracked
    assert polling.observer.fenced == 1
    counted = {key.name: number for key, number in other.store.load().counts.items()}
    assert counted == {"api": 2, "PUBLISHED": 2}


def test_what_waits_for_the_store_is_read_anew_once_it_is_stored(
    polling: Process, other: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    other.register(("acme", "1"), ("acme", "2"))
    take_news(polling)
    postgresql_server.execute("ALTER TABLE containers RENAME TO away", database)
    polling.registry.answered("acme", "1", FAILED)
    other_news = polling.registry.reread(["acme"])
    postgresql_server.execute("ALTER TABLE away RENAME TO containers", database)
    other.shared.remove("1")
    polling.registry.keep_store()

    assert other_news == ()
    assert take_news(polling) == {"acme"}
    assert polling.registry.get("1") is None
    assert polling.registry.due("acme") == ["2"]


def test_only_what_is_of_nobody_for_long_is_forgotten_beside_what_is_ones_own(
    polling: Process, other: Process
) -> None:
    other.register(("acme", "1"), ("zebra", "2"), ("gone", "3"))
    take_news(polling)
    for process in (polling, other):
        take_news(process)
    polling.registry.answered("acme", "1", PUBLISHED)
    now = polling.clock.wall()

    assert polling.store.forget(now + WEEK - 60.0) == 1
    after_a_while = [record.container_id for record in other.shared.get_each(["1", "2", "3"])]
    polling.store.forget(now + WEEK + 60.0)

    assert after_a_while == ["2", "3"]
    assert [item.container_id for item in other.shared.get_each(["1", "2", "3"])] == ["2"]


def test_a_store_that_fails_takes_no_registration(
    other: Process, postgresql_server: PostgresqlServer, database: str
) -> None:
    postgresql_server.execute("DROP TABLE news", database)
    outcome = other.register(("zebra", "1"))

    assert isinstance(outcome, StoreError)
    assert other.observer.troubles == [StoreTrouble.GONE]
    assert other.shared.get_each(["1"]) == []
