"""F28: scrapes past the cap get 503 at once; one that goes away in mid-body leaves nothing."""

import signal
import socket
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from structlog.testing import capture_logs

from exporter.simulator import World
from exporter.web.protocol import Watch
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.web.stand_in import Gate, Noted, Page, StandIn, fetch
from tests.web.stand_in import serving as serving_stand_in
from tests.workspace import FAST_POLLING, Workspace

AT_ONCE = 200
CAP = 40
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
HUGE = Page([b"x" * 20_000_000])


def test_scrapes_past_the_cap_are_refused_at_once_and_the_others_answered() -> None:
    gate, noted = Gate(), Noted()
    backend = StandIn(before_exposing=gate.pass_through)
    with (
        serving_stand_in(backend, watch=Watch(noted)) as server,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        scrapes = [pool.submit(fetch, server, "/metrics") for _ in range(AT_ONCE)]
        refused = eventually(
            lambda: [scrape for scrape in scrapes if scrape.done()],
            lambda done: len(done) == AT_ONCE - CAP,
        )
        healthy = fetch(server, "/-/healthy").status
        ready = fetch(server, "/-/ready").status
        eventually(lambda: noted.requests == CAP)
        gate.opened.set()
        statuses = Counter(scrape.result(30).status for scrape in scrapes)

    assert {scrape.result().status for scrape in refused} == {503}
    assert statuses == {200: CAP, 503: AT_ONCE - CAP}
    assert (healthy, ready) == (200, 200)


@contextmanager
def all_at_once(exporter: ExporterProcess) -> Iterator[Sequence[socket.socket]]:
    """Ask for so many scrapes while the exporter is stopped, which all arrive when it goes on."""
    address = ("127.0.0.1", urlsplit(exporter.url).port or 0)
    with ExitStack() as open_sockets:
        exporter.send(signal.SIGSTOP)
        try:
            scrapes = [
                open_sockets.enter_context(socket.create_connection(address, timeout=30))
                for _ in range(AT_ONCE)
            ]
            for scrape in scrapes:
                scrape.sendall(GET)
        finally:
            exporter.send(signal.SIGCONT)
        yield scrapes


def answer_of(scrape: socket.socket) -> bytes:
    received = b""
    while piece := scrape.recv(1 << 20):
        received += piece
    return received


def open_files(exporter: ExporterProcess) -> int:
    return len(list(Path(f"/proc/{exporter.process.pid}/fd").iterdir()))


def threads(exporter: ExporterProcess) -> int:
    return len(list(Path(f"/proc/{exporter.process.pid}/task").iterdir()))


def test_a_flood_of_scrapes_leaves_nothing_behind(workspace: Workspace, live_world: World) -> None:
    users = [live_world.add_user(f"account-{number}") for number in range(40)]
    # Few calls at once make few connections to Meta, which are kept and are open files too.
    polling = {**FAST_POLLING, "max_in_flight": 2}
    config_file = workspace.configure(map(workspace.account, users), polling=polling)
    with serving(config_file, "--web.max-requests=4") as exporter:
        exporter.wait_until_ready()
        with all_at_once(exporter) as scrapes:
            heads = Counter(answer_of(scrape).split(b" ", 2)[1] for scrape in scrapes)
        files, at_work = open_files(exporter), threads(exporter)
        for _ in range(2):
            with all_at_once(exporter) as scrapes:
                for scrape in scrapes:
                    scrape.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        eventually(lambda: exporter.get("/metrics").status_code == 200)
        eventually(lambda: open_files(exporter) <= files + 5)
        shown = exporter.scrape()

        assert heads.keys() == {b"200", b"503"}
        assert heads[b"200"] >= 4
        assert threads(exporter) < at_work + AT_ONCE / 4
        assert shown.value("threads_exporter_http_requests_in_flight") == 1
        assert shown.value("threads_quota_usage", account="account-0", quota="publish") == 0
        assert exporter.get("/-/healthy").status_code == 200
        assert "Traceback" not in exporter.output


def test_scrapers_that_go_away_in_mid_body_leave_nothing_and_are_not_logged() -> None:
    noted = Noted()
    with (
        serving_stand_in(StandIn(page=HUGE), watch=Watch(noted)) as server,
        capture_logs() as logs,
    ):
        address = ("127.0.0.1", urlsplit(server.urls[0]).port or 0)
        for number in range(60):
            with socket.create_connection(address, timeout=30) as scrape:
                scrape.sendall(GET)
                scrape.recv(1)
                if number % 2:
                    scrape.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        eventually(lambda: noted.connections == noted.requests == 0)
        still = fetch(server, "/metrics")

    assert len(still.body) == len(HUGE.chunks[0])
    assert logs == []
