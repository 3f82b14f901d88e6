"""The unit, read from its file, by systemd itself, and with the exporter in the tightest of it."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from exporter import process
from tests.deploy.shipped import DEPLOY, ROOT
from tests.exporter_process import serving
from tests.workspace import Workspace

UNIT: Final = DEPLOY / "systemd/threads-exporter.service"
PROGRAM: Final = "/opt/threads-exporter/bin/threads-exporter"

# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN): as MemoryDenyWriteExecute=, but of Linux 6.3.
NO_WRITABLE_CODE: Final = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def settings() -> Mapping[str, Sequence[str]]:
    found = defaultdict(list)
    for line in UNIT.read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found[key].append(value)
    return found


def denying_writable_code() -> list[str]:
    """Return what to put before a command; skips the test where the kernel cannot."""
    launcher = [sys.executable, "-c", NO_WRITABLE_CODE]
    if subprocess.run([*launcher, "/bin/true"], check=False).returncode == 77:
        pytest.skip("needs Linux 6.3")
    return launcher


def seconds(span: str) -> int:
    assert span.endswith("s")
    return int(span.removesuffix("s"))


@pytest.mark.systemd
def test_systemd_takes_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    complaints = [line for line in checked.stderr.splitlines() if UNIT.name in line]
    assert (checked.returncode, complaints) == (0, [])


@pytest.mark.systemd
def test_systemd_finds_little_exposed() -> None:
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNIT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout + rated.stderr


def test_it_runs_as_nobody_else_and_with_no_capability() -> None:
    unit = settings()
    assert unit["DynamicUser"] == ["yes"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert "AmbientCapabilities" not in unit


def test_it_may_call_what_a_service_needs_and_make_no_code() -> None:
    unit = settings()
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert unit["SystemCallArchitectures"] == ["native"]
    assert unit["MemoryDenyWriteExecute"] == ["yes"]


def test_it_can_write_where_its_store_is_alone() -> None:
    unit = settings()
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["StateDirectory"] == ["threads-exporter"]
    assert unit["WorkingDirectory"] == ["/var/lib/threads-exporter"]
    assert "ReadWritePaths" not in unit


def test_tokens_come_as_credentials_and_not_by_the_environment() -> None:
    unit = settings()
    assert unit["LoadCredential"] == ["tokens:/etc/threads-exporter/tokens"]
    assert unit["Environment"] == ["PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1"]


def test_the_page_on_operating_names_the_token_files_as_systemd_does() -> None:
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    (name,) = (credential.split(":")[0] for credential in settings()["LoadCredential"])
    assert f"access_token_file: /run/credentials/{UNIT.name}/{name}_" in page
    assert f"sqlite:////var/lib/{settings()['StateDirectory'][0]}/" in page


def test_it_is_given_the_time_to_drain() -> None:
    assert seconds(settings()["TimeoutStopSec"][0]) >= process._DRAIN_SECONDS + 10  # noqa: SLF001 — what it waits for


def test_a_failure_restarts_it_and_a_mistake_of_the_operator_does_not() -> None:
    unit = settings()
    assert unit["Restart"] == ["on-failure"]
    assert unit["RestartPreventExitStatus"] == ["1 2"]


def test_the_exporter_needs_no_memory_that_is_writable_and_executable(
    workspace: Workspace, tmp_path: Path
) -> None:
    config = workspace.configure(
        [{"name": "a", "access_token": "made-up", "containers": ["1"]}],
        store={"url": f"sqlite:///{tmp_path}/store.db"},
    )
    with serving(config, launcher=denying_writable_code()) as exporter:
        exporter.wait_until_ready()
        assert exporter.get("/metrics", {"Accept-Encoding": "gzip"}).status_code == 200
