"""Processes to be killed: they register for ever, and tell what they try and what is done."""

from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from threading import Lock, Thread

from exporter.clock import SystemClock
from exporter.containers.record import ContainerRecord
from exporter.containers.registry import ContainerRegistry, TrackingRules
from exporter.containers.store import ContainerStore
from tests.containers.answers import FAILED
from tests.containers.observing import Processed
from tests.containers.records import failed, new

Registering = Callable[[str, str, Connection], None]

_THREADS = 8


def register_for_ever(url: str, prefix: str, told: Connection) -> None:
    def tell(word: str, records: list[ContainerRecord]) -> None:
        told.send((word, {record.container_id for record in records}))

    store = ContainerStore(url)
    store.open()
    for number in count():
        records = [new(f"{prefix}-{number}-{index}") for index in range(1 + number % 5)]
        tell("tried", records)
        store.register(records)
        tell("registered", records)
        store.save([failed(records[0])])
        tell("ended", records[:1])


def register_from_many_threads(url: str, prefix: str, told: Connection) -> None:
    """Have threads share commits, for registrations and for what polls learn."""
    telling = Lock()

    def tell(word: str, ids: list[str]) -> None:
        with telling:
            told.send((word, set(ids)))

    def work(thread: int) -> None:
        for number in count():
            ids = [f"{prefix}-{thread}-{number}-{index}" for index in range(1 + number % 3)]
            tell("tried", ids)
            registry.register([("acme", container_id) for container_id in ids])
            tell("registered", ids)
            registry.answered("acme", ids[0], FAILED)
            tell("ended", ids[:1])

    registry = ContainerRegistry(ContainerStore(url), SystemClock(), Processed())
    registry.open()
    registry.follow({"acme": ()}, TrackingRules(max_tracked=1_000_000))
    threads = [Thread(target=work, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
