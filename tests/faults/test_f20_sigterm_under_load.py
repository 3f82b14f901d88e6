"""F20: SIGTERM under load: nothing new is taken, what is in flight is finished, and stored."""

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread

import pytest
import requests

from exporter.domain import Endpoint
from exporter.simulator import User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.publisher import Publisher, configure
from tests.workspace import Workspace

PUBLISHERS = 4
SCRAPERS = 2
ENOUGH = 30


@dataclass
class Load:
    """Publishers and scrapers that go on until they are refused."""

    exporter: ExporterProcess
    url: str
    acknowledged: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    cut: list[requests.RequestException] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def run(self) -> list[Thread]:
        threads = [Thread(target=self._publish, args=[number]) for number in range(PUBLISHERS)]
        threads += [Thread(target=self._scrape) for _ in range(SCRAPERS)]
        for thread in threads:
            thread.start()
        return threads

    def _publish(self, publisher: int) -> None:
        def register(number: int) -> requests.Response:
            container_id = f"{publisher + 1}{number:06}"
            answer = Publisher(self.exporter).register(container_id)
            if answer.status_code == 201:
                self.acknowledged.add(container_id)
            return answer

        self._repeat(register)

    def _scrape(self) -> None:
        self._repeat(lambda _: requests.get(f"{self.url}/metrics", timeout=30))

    def _repeat(self, ask: Callable[[int], requests.Response]) -> None:
        for number in range(100_000):
            try:
                answer = ask(number)
            except requests.ConnectionError:
                return
            except requests.RequestException as error:
                self.cut.append(error)
                return
            with self._lock:
                self.statuses[answer.status_code] += 1


def test_what_is_acknowledged_is_stored_and_what_is_answered_is_answered_whole(
    workspace: Workspace, live_world: World, acme: User
) -> None:
    live_world.inject(faults.Hang(), endpoint=Endpoint.CONTAINER)
    file = configure(workspace, acme)
    with serving(file) as first:
        first.wait_until_ready()
        load = Load(first, first.url)
        threads = load.run()
        eventually(lambda: len(load.acknowledged) > ENOUGH)
        first.send(signal.SIGTERM)
        code = first.wait(within=40)
        for thread in threads:
            thread.join()
    with serving(file, output=workspace.folder / "again") as exporter:
        stored = Publisher(exporter).listed()

    assert code == 0
    assert load.acknowledged <= stored
    assert load.cut == []
    assert load.statuses.keys() <= {200, 201, 503}
    assert "connections cut" not in first.output
    assert "Traceback" not in first.output


def test_who_insists_ends_it_at_once(workspace: Workspace, live_world: World, acme: User) -> None:
    file = workspace.configure([workspace.account(acme)], {"timeout": "60s"})
    with serving(file) as exporter:
        exporter.wait_until_ready()
        live_world.inject(faults.Hang())
        probing = Thread(target=in_vain, args=[f"{exporter.url}/probe?account=acme"])
        probing.start()
        live_world.log.clear()
        eventually(lambda: len(live_world.calls()) > 1)
        exporter.send(signal.SIGTERM)
        eventually(lambda: "msg=stopping" in exporter.output)
        eventually(lambda: terminated_again(exporter), within=8)
        code = exporter.wait(within=8)
        probing.join()

    assert code == 128 + signal.SIGTERM


def terminated_again(exporter: ExporterProcess) -> bool:
    exporter.send(signal.SIGTERM)
    return exporter.process.poll() is not None


def in_vain(url: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=60)
