"""F27: half-open, silent and dripping clients hold up no scrape, and are closed in time."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from exporter.domain import ConnectionEnd
from exporter.simulator import World
from exporter.web.protocol import ConnectionLimits, Watch
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.crowd import (
    DRIPPING_BODY,
    DRIPPING_HEAD,
    HALF_OPEN,
    SILENT,
    SIPPING,
    Crowd,
    Habit,
    crowd,
)
from tests.scrape import Scrape, read_scrape
from tests.standstill import longest_standstill
from tests.web.stand_in import Gate, Noted, Page, StandIn
from tests.web.stand_in import serving as serving_stand_in
from tests.web_workspace import WebWorkspace
from tests.workspace import Workspace

REJECTED = "threads_exporter_http_connections_rejected_total"
LATE = 20.0
SCRAPES = 100
ATTEMPTS = 3
BEARABLE = 0.2
"""For how many seconds the machine may stand still while scrapes are timed."""
ACCOUNTS = 40
NEVER_DONE = (SILENT, HALF_OPEN, DRIPPING_HEAD)
HUGE = Page([b"x" * 20_000_000])


@dataclass(frozen=True)
class Listener:
    """A running exporter as its clients see it; `authority` is a file where it speaks TLS."""

    exporter: ExporterProcess
    authority: Path | None = None

    @property
    def port(self) -> int:
        return urlsplit(self.exporter.url).port or 0

    @property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def get(self, path: str) -> requests.Response:
        """Ask on a connection of its own."""
        scheme = "https" if self.authority else "http"
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        return requests.get(url, verify=str(self.authority or ""), timeout=30)

    def scrape(self) -> Scrape:
        return read_scrape(self.get("/metrics"))

    def slowest_scrape(self) -> float:
        """Scrape many times in a row; return how long the slowest took.

        If the machine stood still meanwhile, scrape anew: of that the exporter is innocent.
        """
        for _ in range(ATTEMPTS):
            with longest_standstill() as standstill:
                slowest = max(self._seconds() for _ in range(SCRAPES))
            if standstill() < BEARABLE:
                break
        return slowest

    def _seconds(self) -> float:
        started = time.monotonic()
        assert self.get("/metrics").status_code == 200
        return time.monotonic() - started


@pytest.fixture(params=["plain", "tls"])
def listener(
    request: pytest.FixtureRequest, workspace: Workspace, live_world: World
) -> Iterator[Listener]:
    users = [live_world.add_user(f"account-{number}") for number in range(ACCOUNTS)]
    config_file = workspace.configure(map(workspace.account, users))
    if request.param == "plain":
        with serving(config_file) as exporter:
            yield Listener(exporter)
        return
    web = WebWorkspace(workspace.folder)
    web.put_certificate()
    with serving(config_file, f"--web.config.file={web.write()}") as exporter:
        yield Listener(exporter, web.ca_file)


@contextmanager
def lingering(listener: Listener) -> Iterator[Crowd]:
    """Have all kinds of clients come, most of them half-open or silent."""
    eventually(lambda: listener.get("/-/ready").ok)
    with crowd(listener.port, listener.tls) as clients:
        clients.join(SILENT, 60)
        clients.join(HALF_OPEN, 200)
        clients.join(DRIPPING_HEAD, 20)
        clients.join(DRIPPING_BODY, 20)
        clients.join(SIPPING, 20)
        clients.join(SILENT, 80)
        yield clients


@pytest.mark.alone
def test_half_open_silent_and_dripping_clients_hold_up_no_scrape(listener: Listener) -> None:
    with lingering(listener) as clients:
        slowest = listener.slowest_scrape()
        healthy = listener.get("/-/healthy").status_code
        eventually(lambda: sum(map(clients.still_in, NEVER_DONE)) == 0)
        stays = [stay for habit in NEVER_DONE for stay in clients.stays(habit)]
        shown = listener.scrape()

    ended = shown.by("reason", REJECTED)
    assert slowest < 1
    assert healthy == 200
    assert max(stays) < LATE
    assert ended["request"] + ended["handshake"] == len(stays)
    assert (ended["full"], ended["evicted"]) == (0, 0)
    assert 1 <= (shown.value("threads_exporter_http_connections") or 0) < 60
    assert "Traceback" not in listener.exporter.output


@pytest.mark.alone
def test_with_few_file_descriptors_the_oldest_that_linger_make_room(
    workspace: Workspace, live_world: World
) -> None:
    config_file = workspace.configure([workspace.account(live_world.add_user("acme"))])
    with serving(config_file, launcher=("prlimit", "--nofile=256")) as exporter:
        listener = Listener(exporter)
        exporter.wait_until_ready()
        with crowd(listener.port) as clients:
            clients.join(HALF_OPEN, 200)
            clients.join(SILENT, 200)
            slowest = listener.slowest_scrape()
            read_before = last_read(listener)
            eventually(lambda: last_read(listener) > read_before)
            shown = listener.scrape()

        assert slowest < 1
        assert shown.by("reason", REJECTED)["evicted"] >= 200
        assert "out of system resource" not in exporter.output


def last_read(listener: Listener) -> float:
    name = "threads_poll_last_success_timestamp_seconds"
    return listener.scrape().value(name, account="acme", poll="quota") or 0


def test_clients_that_sip_their_answer_make_room_for_a_scrape_and_are_cut_in_time() -> None:
    limits = ConnectionLimits(connections=10, response_deadline=4.0)
    noted = Noted()
    with (
        serving_stand_in(StandIn(page=HUGE), limits=limits, watch=Watch(noted)) as server,
        crowd(urlsplit(server.urls[0]).port or 0) as clients,
    ):
        clients.join(SIPPING, 10)
        eventually(lambda: noted.requests == 10)
        answer = requests.get(f"{server.urls[0]}/metrics", timeout=30)
        eventually(lambda: noted.requests == 0)

    assert len(answer.content) == len(HUGE.chunks[0])
    assert noted.ended == {ConnectionEnd.EVICTED: 1, ConnectionEnd.RESPONSE: 9}


def test_clients_whose_request_drips_while_it_is_answered_make_room() -> None:
    gate = Gate()
    noted = Noted()
    limits = ConnectionLimits(connections=10, request_deadline=1e3)
    with (
        serving_stand_in(
            StandIn(before_exposing=gate.pass_through), limits=limits, watch=Watch(noted)
        ) as server,
        crowd(urlsplit(server.urls[0]).port or 0) as clients,
    ):
        clients.join(DRIPPING_BODY, 10)
        eventually(lambda: noted.requests == 10)
        status = requests.get(f"{server.urls[0]}/-/healthy", timeout=30).status_code
        gate.opened.set()

    assert status == 200
    assert noted.ended == {ConnectionEnd.EVICTED: 1}


@pytest.mark.parametrize("habit", [DRIPPING_HEAD, HALF_OPEN, SILENT])
def test_a_full_house_of_any_kind_makes_room(habit: Habit) -> None:
    limits = ConnectionLimits(connections=10, request_deadline=1e3)
    with (
        serving_stand_in(StandIn(), limits=limits) as server,
        crowd(urlsplit(server.urls[0]).port or 0) as clients,
    ):
        clients.join(habit, 30)
        status = requests.get(f"{server.urls[0]}/metrics", timeout=30).status_code

    assert status == 200
