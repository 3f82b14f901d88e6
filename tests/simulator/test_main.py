import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.simulator.__main__ import Options, main, parse, serving
from tests.simulator.conftest import Caller


def test_the_options_have_defaults() -> None:
    assert parse([]) == Options("127.0.0.1", 8099, 1.0, 0, None)


def test_the_options_are_read() -> None:
    arguments = ["--host=127.0.0.2", "--port=0", "--speed=10", "--accounts=3", "--directory=d"]

    assert parse(arguments) == Options("127.0.0.2", 0, 10.0, 3, Path("d"))


def test_plain_users_are_served(tmp_path: Path) -> None:
    with serving(Options("127.0.0.1", 0, 1.0, 2, tmp_path)) as simulator:
        answer = Caller(simulator.base_url, "sim-token-000001").get("me")

    assert answer.json() == {"id": "17841400000000002"}
    assert [path.name for path in tmp_path.iterdir()] == ["accounts-000000.yaml"]


def test_plain_users_need_no_directory() -> None:
    with serving(Options("127.0.0.1", 0, 1.0, 1, None)) as simulator:
        assert len(simulator.world.users) == 1


def test_the_demo_is_served_and_kept_alive(tmp_path: Path) -> None:
    with serving(Options("127.0.0.1", 0, 120.0, 0, tmp_path)) as simulator:
        config = (tmp_path / "config.yaml").read_text(encoding="ascii")
        assert f"base_url: {simulator.base_url}\n" in config

    assert (tmp_path / "containers.d" / "publisher.json").exists()


def test_the_demo_needs_no_directory() -> None:
    with serving(Options("127.0.0.1", 0, 120.0, 0, None)) as simulator:
        assert len(simulator.world.state.containers) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_told_to_stop(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-m", "exporter.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("simulated Threads API: http://127.0.0.1:")
        process.send_signal(number)
        assert process.wait(30) == 0


def test_it_says_where_it_listens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda _number, handler: handler(0, None))

    main(["--port", "0", "--accounts", "1"])

    assert capsys.readouterr().out.startswith("simulated Threads API: http://127.0.0.1:")
