import subprocess
import sys

import pytest

from exporter.containers.holder import Holder, is_gone, name_of_this_process

TELL_NAME = "from exporter.containers.holder import name_of_this_process as n; print(n())"


def test_a_process_that_runs_is_not_gone() -> None:
    assert not is_gone(Holder(0, 1, 30.0).name)


def test_a_process_that_has_ended_is_gone() -> None:
    command = [sys.executable, "-c", TELL_NAME]
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert is_gone(ended)


def test_another_process_with_the_number_of_one_that_ended_is_not_taken_for_it() -> None:
    host, system, pid, started = name_of_this_process().split(" ")

    assert is_gone(f"{host} {system} {pid} {int(started) - 1}")


@pytest.mark.parametrize("system", ["another-boot/1", "None"])
def test_a_process_that_cannot_be_seen_from_here_is_not_gone(system: str) -> None:
    host, _, _, started = name_of_this_process().split(" ")

    assert not is_gone(f"{host} {system} 4194303 {started}")


@pytest.mark.parametrize("name", ["", "elsewhere", "host system pid started", "host system 1"])
def test_a_name_of_another_form_is_of_a_process_that_may_run(name: str) -> None:
    assert not is_gone(name)
