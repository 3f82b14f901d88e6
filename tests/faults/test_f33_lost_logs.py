"""Nobody takes the log, or it cannot be written: the exporter polls and serves, and counts it."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from exporter.simulator import User
from tests.eventually import eventually
from tests.exporter_process import exporter_process
from tests.ports import free_port
from tests.scrape import read_scrape
from tests.workspace import Workspace

PIPE_BYTES = 4096


@dataclass(frozen=True)
class Unheard:
    """An exporter that cannot say where it listens."""

    url: str
    process: subprocess.Popen[bytes]

    def value(self, name: str, **labels: str) -> float:
        answer = requests.get(f"{self.url}/metrics", timeout=10)
        return read_scrape(answer).value(name, **labels) or 0.0

    def is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=10).ok
        except requests.ConnectionError:
            return False

    def polls(self) -> float:
        return self.value("threads_polls_total", account="acme", poll="quota")

    def dropped(self) -> float:
        return self.value("threads_exporter_log_dropped_total")


@contextmanager
def unheard(config_file: Path, redirection: str) -> Iterator[Unheard]:
    """Run an exporter whose output a shell has led elsewhere."""
    port = free_port()
    with exporter_process(
        f"--config.file={config_file}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=debug",
        output=config_file.parent / "output",
        launcher=("sh", "-c", f'exec "$@" {redirection}', "sh"),
    ) as exporter:
        unheard = Unheard(f"http://127.0.0.1:{port}", exporter.process)
        eventually(unheard.is_up)
        yield unheard


def go_on(exporter: Unheard) -> None:
    before = exporter.polls()
    eventually(lambda: exporter.polls() > before)
    assert requests.get(f"{exporter.url}/-/healthy", timeout=10).status_code == 200


@pytest.mark.parametrize("redirection", ["2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_log_that_cannot_be_written_is_counted(
    workspace: Workspace, acme: User, redirection: str
) -> None:
    with unheard(workspace.configure([workspace.account(acme)]), redirection) as exporter:
        eventually(lambda: exporter.dropped() > 0)
        go_on(exporter)
        exporter.process.terminate()

        assert exporter.process.wait(30) == 0


def test_a_reader_that_does_not_read_holds_nobody_up(
    workspace: Workspace, acme: User, tmp_path: Path
) -> None:
    acme.revoke_token()
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    filler = os.open(fifo, os.O_WRONLY)
    os.write(filler, b"-" * PIPE_BYTES)
    with unheard(workspace.configure([workspace.account(acme)]), f"2>{fifo}") as exporter:
        go_on(exporter)
        exporter.process.terminate()

        assert exporter.process.wait(30) == 0
    os.close(filler)
    os.close(reader)


def test_a_reader_that_went_away_is_counted(
    workspace: Workspace, acme: User, tmp_path: Path
) -> None:
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with unheard(workspace.configure([workspace.account(acme)]), f"2>{fifo}") as exporter:
        assert b"listening" in os.read(reader, PIPE_BYTES)
        os.close(reader)
        workspace.write("config.yaml", "accounts: 5")
        exporter.process.send_signal(1)
        eventually(lambda: exporter.dropped() > 0)
        go_on(exporter)


def test_a_file_that_takes_the_number_of_a_closed_stream_gets_no_log(
    workspace: Workspace, acme: User
) -> None:
    file = workspace.configure(
        [workspace.account(acme)],
        store={"url": f"sqlite:///{workspace.folder}/store.db"},
        container_api={"token_file": str(workspace.write("tokens/registrar", "registrar-token"))},
    )
    with unheard(file, "<&- >&- 2>&-") as exporter:
        descriptors = Path(f"/proc/{exporter.process.pid}/fd")
        held = [str((descriptors / str(number)).readlink()) for number in range(3)]

    assert held == ["/dev/null"] * 3
