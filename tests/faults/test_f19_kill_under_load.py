"""F19: kill -9 while publishers register; what was acknowledged is stored, and counted once."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

import pytest
import requests

from exporter.simulator import User, containers
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.publisher import Publisher, configure
from tests.workspace import Section, Workspace

pytest_plugins = ("tests.containers.backends",)

KILLS = 2
PUBLISHERS = 4
ENOUGH: Final = 20


@pytest.fixture
def config_file(workspace: Workspace, acme: User, store_section: Section) -> Path:
    return configure(workspace, acme, store=store_section)


@dataclass
class Load:
    """Publishers that register until the exporter is gone."""

    publisher: Publisher
    kill: int
    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    enough: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def run(self, thread: int) -> None:
        for number in range(10_000):
            ids = [f"{self.kill}{thread}{number:05}{index}" for index in range(1 + number % 3)]
            with self.lock:
                self.tried.update(ids)
            try:
                answer = self.publisher.register(*ids)
            except requests.RequestException:
                return
            if answer.status_code == 201:
                with self.lock:
                    self.acknowledged.update(ids)
                    if len(self.acknowledged) > ENOUGH:
                        self.enough.set()


def killed_under_load(config_file: Path, kill: int) -> Load:
    with serving(config_file, output=config_file.parent / f"output-{kill}") as exporter:
        load = Load(Publisher(exporter), kill)
        exporter.wait_until_ready()
        threads = [Thread(target=load.run, args=(number,)) for number in range(PUBLISHERS)]
        for thread in threads:
            thread.start()
        assert load.enough.wait(60)
        exporter.send(signal.SIGKILL)
        exporter.wait()
        for thread in threads:
            thread.join()
    return load


def test_a_kill_under_load_loses_nothing_acknowledged_and_makes_nothing_up(
    config_file: Path,
) -> None:
    loads = [killed_under_load(config_file, number) for number in range(1, KILLS + 1)]
    tried = set[str]().union(*(load.tried for load in loads))
    acknowledged = set[str]().union(*(load.acknowledged for load in loads))

    with serving(config_file, output=config_file.parent / "last") as exporter:
        publisher = Publisher(exporter)
        stored = publisher.listed()
        again = [publisher.register(*part).status_code for part in parts(sorted(acknowledged))]
        stored_after = publisher.listed()
        scrape = exporter.scrape()

    assert acknowledged <= stored <= tried
    assert set(again) == {200}
    assert stored_after == stored
    assert scrape.value("threads_exporter_registrations_total", result="known") == len(acknowledged)
    assert sum(scrape.by("status", "threads_containers", account="acme").values()) == len(stored)


def parts(ids: Sequence[str]) -> Sequence[Sequence[str]]:
    return [ids[start : start + 50] for start in range(0, len(ids), 50)]


def test_a_kill_forgets_no_container_and_counts_no_outcome_twice(
    config_file: Path, acme: User
) -> None:
    waiting = acme.add_container(life=containers.stays_in_progress()).container_id
    failing = acme.add_container(life=containers.fails("INVALID_DURATION", after=0)).container_id
    outcome = {"account": "acme", "outcome": "ERROR"}
    name = "threads_container_outcomes_total"
    with serving(config_file, output=config_file.parent / "first") as exporter:
        eventually(lambda: Publisher(exporter).register(failing, waiting).ok)
        eventually(lambda: exporter.scrape().value(name, **outcome) == 1)
        exporter.send(signal.SIGKILL)
        exporter.wait()
    with serving(config_file, output=config_file.parent / "second") as exporter:
        exporter.wait_until_ready()
        listed = Publisher(exporter).listed()
        errors = exporter.scrape().value(name, **outcome)

    assert listed == {failing, waiting}
    assert errors == 1
