"""A process that is killed at any moment loses nothing that it was told is stored.

STORE_KILLS sets how often it is killed on each database; the default keeps the suite quick.
"""

import multiprocessing
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection

import pytest

from exporter.containers.store import ContainerStore
from tests.containers.records import FAILED, INVALID_DURATION, REGISTERED
from tests.containers.registering import (
    Registering,
    register_for_ever,
    register_from_many_threads,
)

pytest_plugins = ("tests.containers.backends",)

KILLS = int(os.environ.get("STORE_KILLS", "20"))

# It has the modules loaded once for all, and holds no file or lock of this process.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.containers.registering"])


def killed_after(
    messages: int, seconds: float, registering: Registering, url: str, prefix: str
) -> Mapping[str, set[str]]:
    """Register until killed, so long after so many messages; return what was told."""
    reader, writer = processes.Pipe(duplex=False)
    process = processes.Process(target=registering, args=(url, prefix, writer))
    process.start()
    writer.close()
    told: dict[str, set[str]] = defaultdict(set)
    for _ in range(messages):
        assert reader.poll(60)
        word, ids = reader.recv()
        told[word] |= ids
    time.sleep(seconds)
    process.kill()
    for word, ids in _received(reader):
        told[word] |= ids
    process.join()
    assert process.exitcode == -9
    return told


def _received(reader: Connection) -> Iterator[tuple[str, set[str]]]:
    with reader, suppress(EOFError):
        while True:
            yield reader.recv()


@pytest.mark.parametrize("registering", [register_for_ever, register_from_many_threads])
def test_a_killed_process_loses_nothing_and_makes_nothing_up(
    store_url: str, registering: Registering
) -> None:
    tried, registered, ended = set[str](), set[str](), set[str]()
    moments = random.SystemRandom()

    for number in range(KILLS):
        # One in four comes as it starts, while the tables may not be there yet.
        messages, longest = (moments.randint(1, 40), 0.01) if number % 4 else (0, 0.5)
        told = killed_after(
            messages, moments.uniform(0, longest), registering, store_url, str(number)
        )
        tried |= told["tried"]
        registered |= told["registered"]
        ended |= told["ended"]

    store = ContainerStore(store_url)
    store.open()
    state = store.load()
    store.close()
    stored = {record.container_id for record in state.records}
    stored_ended = {record.container_id for record in state.records if not record.is_tracked}
    assert len(registered) > KILLS
    assert registered <= stored <= tried
    assert ended <= stored_ended <= stored
    assert state.counts == {
        REGISTERED: len(stored),
        FAILED: len(stored_ended),
        INVALID_DURATION: len(stored_ended),
    }
