"""A run: the exporter, Meta, a publisher and a watcher, and what goes wrong by the timetable."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.processes import Child, running
from soak.accounts_health import AccountsHealth
from soak.exporter_run import ExporterRun, every
from soak.population import Files, Kind, population
from soak.publishing import Publisher
from soak.record import Containers, Record
from soak.scale import Scale
from soak.timetable import Episode, timetable
from soak.troubles import Scene
from soak.watching import Watcher

_TOKEN = "token-of-the-soak-for-publishers"  # noqa: S105 — made up, for this run alone
_GAVE_UP = "gave_up"
_STOPS_PUBLISHING_BEFORE = 0.75
_PUBLISHING_PAUSE = 1.0

Tell = Callable[[str], None]


class SharedChild(Child):
    """A child that several threads ask."""

    _turn = threading.Lock()

    def ask(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 — as Child's
        with self._turn:
            return super().ask(command, *arguments)


def soak(scale: Scale, folder: Path, tell: Tell) -> Record:
    """Run for as long as the scale says; raises RuntimeError where something does not start."""
    with ExitStack() as stack:
        scene = _prepare(scale, folder, stack)
        publisher = _publisher(scale, scene)
        watcher = Watcher(scale, scene, time.monotonic())
        started = time.monotonic()
        with _at_work(watcher, publisher, scale):
            for episode in timetable(scale):
                _suffer(scene, episode, started, tell)
            tell("nothing goes wrong any more")
            _sleep_until(started + scale.seconds)
        return _conclude(watcher, publisher, scene)


def _prepare(scale: Scale, folder: Path, stack: ExitStack) -> Scene:
    accounts = population(scale)
    command = (sys.executable, "-m", "soak.meta", str(scale.accounts))
    meta = SharedChild(stack.enter_context(running(*command)).popen)
    files = Files(folder)
    files.write(accounts)
    exporter = ExporterRun(_configure(scale, folder, meta.ask("url")), _free_port())
    exporter.start()
    stack.callback(exporter.end)
    scraping = (sys.executable, "-m", "soak.scraping", str(exporter.port))
    scraper = Child(stack.enter_context(running(*scraping)).popen)
    # The same seed is to make the same run.
    random = Random(scale.seed)  # noqa: S311
    health = AccountsHealth(accounts, time.monotonic())
    return Scene(exporter, meta, scraper, files, folder / "soak.db", health, random)


def _configure(scale: Scale, folder: Path, base_url: str) -> Path:
    token_file = folder / "publishers-token"
    token_file.write_text(_TOKEN, "ascii")
    token_file.chmod(0o600)
    polling = {
        "quota": {"interval": _milliseconds(scale.interval)},
        "token": {"interval": _milliseconds(scale.token_interval)},
        "containers": {"interval": _milliseconds(scale.container_interval), "give_up_after": "5m"},
        "stale_after": _milliseconds(3 * scale.interval),
        "call_budget": scale.call_budget,
        "max_in_flight": scale.max_in_flight,
    }
    config_file = folder / "config.yaml"
    content = {
        "api": {"base_url": base_url, "timeout": "2s"},
        "account_files": ["accounts/*.yaml"],
        "polling": polling,
        "container_api": {"token_file": str(token_file)},
        "containers": {"retention": "1m"},
        "store": {"url": f"sqlite:///{folder / 'soak.db'}"},
    }
    config_file.write_text(json.dumps(content), "ascii")
    return config_file


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f}ms"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _publisher(scale: Scale, scene: Scene) -> Publisher:
    plain = [account for account in scene.accounts.accounts if account.kind is Kind.PLAIN]
    return Publisher(
        scene.exporter,
        _TOKEN,
        plain[: scale.publishers],
        lambda wanted: list(scene.meta.ask("create", wanted)),
        scene.random,
    )


@contextmanager
def _at_work(watcher: Watcher, publisher: Publisher, scale: Scale) -> Iterator[None]:
    """Have the watcher and the publisher at work in the block."""
    done = threading.Event()
    until = time.monotonic() + scale.seconds - scale.settling * _STOPS_PUBLISHING_BEFORE
    number = round(scale.containers_per_second * _PUBLISHING_PAUSE)

    def publish() -> None:
        if time.monotonic() < until:
            publisher.publish(number)
        else:
            publisher.register()

    tasks = (*watcher.tasks, (_PUBLISHING_PAUSE, publish))
    threads = [threading.Thread(target=every, args=(*task, done)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _suffer(scene: Scene, episode: Episode, started: float, tell: Tell) -> None:
    _sleep_until(started + episode.begins)
    began = time.monotonic() - started
    with scene.suffering(episode):
        _sleep_until(started + episode.ends)
    ended = time.monotonic() - started
    where = f" for apps {', '.join(map(str, episode.apps))}" if episode.apps else ""
    tell(f"{began:.0f}-{ended:.0f} s: {episode.trouble}{where}")


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _conclude(watcher: Watcher, publisher: Publisher, scene: Scene) -> Record:
    record = watcher.record
    counted = watcher.outcomes()
    record.store_up = watcher.is_store_up()
    record.calls, record.most_calls = scene.meta.ask("calls")
    record.containers = Containers(
        true=dict(publisher.true),
        counted={key: count for key, count in counted.items() if key[1] != _GAVE_UP},
        gave_up=sum(count for key, count in counted.items() if key[1] == _GAVE_UP),
        unacknowledged=len(publisher.waiting),
    )
    record.refused_reloads = scene.refused_reloads
    record.exit_code = scene.exporter.end()
    record.defects = scene.exporter.log.defects
    record.defect_lines = tuple(scene.exporter.log.kept)
    return record
