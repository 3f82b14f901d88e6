import sys
from pathlib import Path

import pytest

from benchmarks.processes import Process, child, clean_environment, running

BUSY = "while True: pass"
OWN_SERVER = ("own_server", 3)


def is_gone(process: Process) -> bool:
    return process.popen.poll() is not None


def test_a_process_ends_with_its_block() -> None:
    with running(sys.executable, "-c", BUSY) as process:
        before = is_gone(process)

    assert (before, is_gone(process)) == (False, True)


def test_a_process_ends_when_the_block_fails() -> None:
    with pytest.raises(KeyError), running(sys.executable, "-c", BUSY) as process:
        raise KeyError

    assert is_gone(process)


def test_the_cost_of_a_process_is_its_own() -> None:
    with running(sys.executable, "-c", BUSY) as process:
        while process.cpu_seconds < 0.05:
            pass

        assert process.cpu_during(lambda: None) > 0
        assert process.resident_bytes > 1_000_000


def test_a_child_answers_commands() -> None:
    with child(*OWN_SERVER) as server:
        port = server.ask("port")

    assert 0 < port < 65_536


def test_a_child_that_fails_is_named() -> None:
    with child(*OWN_SERVER) as server, pytest.raises(RuntimeError, match=r"own_server.*nonsense"):
        server.ask("nonsense")


def test_errors_go_to_the_file(tmp_path: Path) -> None:
    errors = tmp_path / "stderr"
    with running(sys.executable, "-c", "raise SystemExit('why')", errors=errors) as process:
        process.popen.wait()

    assert errors.read_text("utf-8") == "why\n"


def test_what_would_configure_a_process_is_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    meddling = {
        "COVERAGE_X",
        "MALLOC_ARENA_MAX",
        "PYTHONDONTWRITEBYTECODE",
        "REQUESTS_CA_BUNDLE",
        "THREADS_EXPORTER_SHARD",
        "https_proxy",
    }
    for name in meddling:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LANG", "C")

    environment = clean_environment()

    assert environment["LANG"] == "C"
    assert not meddling & environment.keys()
