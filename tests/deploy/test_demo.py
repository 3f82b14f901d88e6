import os
import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.demo_stack import ON_ANY_PORT, DemoStack, demo_stack
from tests.deploy.shipped import ROOT
from tests.eventually import eventually

# Each looks for ports that are free: two at once may find the same.
pytestmark = pytest.mark.xdist_group("demo")

EXPORTER: Final = "threads-exporter"[:15]
"""As the kernel cuts a program's name."""


def ctrl_c(demo: DemoStack) -> None:
    demo.press_ctrl_c()


def terminate(demo: DemoStack) -> None:
    demo.process.terminate()


def hang_up(demo: DemoStack) -> None:
    demo.process.send_signal(signal.SIGHUP)


def kill_the_exporter(demo: DemoStack) -> None:
    os.kill(demo.children()[EXPORTER], signal.SIGKILL)


@pytest.mark.prometheus
def test_alerts_fire_within_two_minutes_and_reach_alertmanager(tmp_path: Path) -> None:
    expected = {"ThreadsTokenInvalid", "ThreadsTokenExpiring"}
    with demo_stack(tmp_path) as demo:
        eventually(demo.firing, expected.issubset, within=120)
        eventually(demo.notified, expected.issubset)


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("end", "code"), [(ctrl_c, 0), (terminate, 0), (hang_up, 0), (kill_the_exporter, 247)]
)
def test_it_leaves_no_process_and_no_file(
    tmp_path: Path, end: Callable[[DemoStack], None], code: int
) -> None:
    with demo_stack(tmp_path) as demo:
        demo.url_of("Alertmanager")
        assert demo.children().keys() >= {EXPORTER, "prometheus"}
        assert len(demo.leftovers()) > 4
        end(demo)
        assert demo.process.wait(timeout=30) == code
        assert demo.leftovers() == []


@pytest.mark.prometheus
def test_it_takes_another_port_where_the_usual_one_is_taken(tmp_path: Path) -> None:
    only_exporter = {"THREADS_EXPORTER_WEB_LISTEN_ADDRESS": "127.0.0.1:0"}
    with socket.socket() as listener:
        with suppress(OSError):
            listener.bind(("127.0.0.1", 9090))
        listener.listen()
        with demo_stack(tmp_path, environment=only_exporter) as demo:
            assert not demo.url_of("Prometheus").endswith(":9090")
    assert "demo: port 9090 is taken, so Prometheus gets another one\n" in demo.said


@pytest.mark.prometheus
def test_prometheus_scrapes_where_the_exporter_listens(tmp_path: Path) -> None:
    environment = {**ON_ANY_PORT, "THREADS_EXPORTER_WEB_TELEMETRY_PATH": "/elsewhere"}
    with demo_stack(tmp_path, environment=environment) as demo:
        targets = eventually(
            lambda: demo.get("Prometheus", "/api/v1/targets")["data"]["activeTargets"]
        )
        (target,) = targets
        assert target["scrapeUrl"] == f"{demo.url_of('landing page')}/elsewhere"
        assert target["labels"]["job"] == "threads-exporter"


def test_without_prometheus_it_tells_how_to_get_it_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/demo", tmp_path / "scripts")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    environment = {**ON_ANY_PORT, "PATH": str(tmp_path)}
    with demo_stack(tmp_path, root=tmp_path, environment=environment) as demo:
        demo.url_of("landing page")
        assert demo.children().keys() == {EXPORTER}
    (told,) = [line for line in demo.said.splitlines() if line.startswith("demo:")]
    assert "sudo apt install prometheus prometheus-alertmanager, or make servers" in told


def test_its_arguments_are_those_of_the_demo(tmp_path: Path) -> None:
    with demo_stack(tmp_path, "--speed=nonsense") as demo:
        assert demo.process.wait(timeout=30) == 2
    assert "Invalid value for '--speed'" in demo.said
