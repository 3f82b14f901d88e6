"""A process to be killed: registers for ever, and tells what it tries and what is done."""

from itertools import count
from multiprocessing.connection import Connection

from exporter.containers.record import ContainerRecord
from exporter.containers.store import ContainerStore
from tests.containers.records import failed, new


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
