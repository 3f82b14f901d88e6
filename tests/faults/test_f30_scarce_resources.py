"""F30: no file descriptor, thread or memory to be had: it does less, serves on, and recovers."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from exporter.simulator import User, World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import Section, Workspace

ACCOUNTS = 40
FEW = 5
MORE_THAN_FIT = 20_000
SPARE_BYTES = 4 << 20
SUCCESS = "threads_poll_success"


@pytest.fixture
def users(live_world: World) -> Sequence[User]:
    return [live_world.add_user(f"user-{number}") for number in range(ACCOUNTS)]


def polled(exporter: ExporterProcess) -> int:
    """Return how many accounts' quota polls go well."""
    return int(sum(exporter.scrape().by("account", SUCCESS, poll="quota").values()))


def polls(exporter: ExporterProcess) -> float:
    """Return how often the first account was polled."""
    return exporter.scrape().value("threads_polls_total", account="user-0", poll="quota") or 0


def goes_on(exporter: ExporterProcess) -> None:
    before = polls(exporter)
    eventually(lambda: polls(exporter) > before + 1)
    assert exporter.get("/-/healthy").ok


def test_few_descriptors_make_fewer_polls_at_once_and_hinder_no_scrape(
    workspace: Workspace, live_world: World, users: Sequence[User]
) -> None:
    file = workspace.configure([workspace.account(user) for user in users], {"timeout": "1s"})
    with serving(file, launcher=("prlimit", "--nofile=64")) as exporter:
        eventually(lambda: polled(exporter) == ACCOUNTS)
        live_world.inject(faults.Hang())
        eventually(lambda: polled(exporter) < ACCOUNTS)
        descriptors = [len(open_files(exporter)) for _ in range(10)]
        live_world.clear_faults()
        eventually(lambda: polled(exporter) == ACCOUNTS)
        codes = exporter.scrape().by("code", "threads_api_requests_total", endpoint="me")

    assert max(descriptors) < 48
    assert codes["connect"] == 0
    assert "Too many open files" not in exporter.output


def open_files(exporter: ExporterProcess) -> Sequence[Path]:
    return list(Path(f"/proc/{exporter.process.pid}/fd").iterdir())


@contextmanager
def no_more_memory(exporter: ExporterProcess) -> Iterator[None]:
    """Let the process have little more address space than it has: less than a thread's stack."""
    pid = exporter.process.pid
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0])
    unlimited = resource.RLIM_INFINITY
    most = pages * resource.getpagesize() + SPARE_BYTES
    resource.prlimit(pid, resource.RLIMIT_AS, (most, unlimited))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, (unlimited, unlimited))


def reload(exporter: ExporterProcess) -> requests.Response:
    return exporter.get("/-/reload", method="POST")


def test_without_new_threads_and_memory_it_goes_on_as_it_is_and_recovers(
    workspace: Workspace, users: Sequence[User]
) -> None:
    accounts = [workspace.account(user) for user in users]
    too_many: list[Section] = [
        {"name": f"more-{number}", "access_token": "THAAall|canary"}
        for number in range(MORE_THAN_FIT)
    ]
    with serving(workspace.configure(accounts[:FEW]), "--web.enable-lifecycle") as exporter:
        exporter.wait_until_ready()
        for _ in range(3):
            assert reload(exporter).ok
            exporter.scrape()
        with no_more_memory(exporter):
            workspace.configure(accounts)
            reload(exporter)
            goes_on(exporter)
            workspace.configure([*accounts, *too_many])
            refused = reload(exporter)
            goes_on(exporter)
            meanwhile = exporter.scrape().by("account", "threads_account_info")
        workspace.configure(accounts)
        taken = reload(exporter)
        eventually(lambda: polled(exporter) == ACCOUNTS)

    assert (refused.status_code, refused.text) == (400, "MemoryError: the log says more\n")
    assert len(meanwhile) <= ACCOUNTS
    assert taken.ok
