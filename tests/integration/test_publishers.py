"""What docs/containers.md tells publishers to do, done; and a publisher's whole story."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from exporter.simulator import User, World, containers
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, exporter_process, serving
from tests.workspace import Workspace

PAGE = Path(__file__).parents[2] / "docs" / "containers.md"
_EXAMPLE = re.compile(r"runs this example -->\n```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLES = _EXAMPLE.findall(PAGE.read_text("utf-8"))
TOKEN = "token-of-the-registrar"
FIRST, SECOND = "17889615691921648", "17889615691921649"
POLLING = {
    "quota": {"interval": "1s"},
    "token": {"interval": "1s"},
    "containers": {"interval": "1s", "give_up_after": "5m"},
    "call_budget": 1_000_000,
}


@pytest.fixture
def acme(live_world: World) -> User:
    acme = live_world.add_user("acme")
    acme.add_container(FIRST, containers.fails("INVALID_DURATION", after=0))
    acme.add_container(SECOND, containers.publishes(after=0, finished=0))
    return acme


@pytest.fixture
def config_file(workspace: Workspace, acme: User) -> Path:
    workspace.write("tokens/registrar", TOKEN)
    return workspace.configure(
        [workspace.account(acme)],
        polling=POLLING,
        container_api={"token_file": "tokens/registrar"},
    )


@pytest.fixture
def exporter(config_file: Path) -> Iterator[ExporterProcess]:
    with serving(config_file) as exporter:
        exporter.wait_until_ready()
        yield exporter


def outcome(exporter: ExporterProcess, name: str) -> float | None:
    return exporter.scrape().value("threads_container_outcomes_total", account="acme", outcome=name)


def test_every_example_is_found() -> None:
    assert [language for language, _ in EXAMPLES] == ["bash", "python", "bash"]


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_an_example_works(
    exporter: ExporterProcess, workspace: Workspace, language: str, code: str
) -> None:
    if language == "bash" and shutil.which("curl") is None:
        pytest.skip("needs curl: sudo apt install curl")
    command = [sys.executable, "-W", "ignore", "-c"] if language == "python" else ["bash", "-c"]
    result = subprocess.run(
        [*command, code],
        cwd=workspace.folder,
        env={**os.environ, "EXPORTER": exporter.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def call(
    exporter: ExporterProcess, method: str, path: str, body: object = None
) -> requests.Response:
    return requests.request(
        method,
        f"{exporter.url}/api/v1/{path}",
        json=body,
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )


def test_a_container_is_followed_to_its_end(exporter: ExporterProcess) -> None:
    items = [{"account": "acme", "container_id": item} for item in (FIRST, SECOND)]

    created = call(exporter, "POST", "containers", {"containers": items})
    again = call(exporter, "POST", "containers", items[0])
    eventually(lambda: (outcome(exporter, "ERROR"), outcome(exporter, "PUBLISHED")) == (1, 1))
    shown = call(exporter, "GET", f"containers/{FIRST}").json()
    scrape = exporter.scrape()

    assert (created.status_code, again.status_code) == (201, 200)
    assert (shown["status"], shown["error_message"]) == ("ERROR", "INVALID_DURATION")
    assert (
        scrape.value(
            "threads_container_errors_total", account="acme", error_message="INVALID_DURATION"
        )
        == 1
    )
    assert scrape.value("threads_exporter_registrations_total", result="created") == 2
    assert scrape.value("threads_exporter_registrations_total", result="known") == 1
    assert scrape.value("threads_exporter_store_up") == 1


def test_a_reported_error_is_explained_and_counted(exporter: ExporterProcess) -> None:
    answer = call(
        exporter, "POST", "errors", {"account": "acme", "error": '{"error": {"code": 190}}'}
    )
    scrape = exporter.scrape()

    assert answer.json()["action"] == "refresh-token"
    assert (
        scrape.value(
            "threads_reported_errors_total",
            account="acme",
            error="token_is_invalid",
            category="authentication",
            action="refresh-token",
        )
        == 1
    )


def test_without_the_token_nothing_is_answered(exporter: ExporterProcess) -> None:
    answer = exporter.get("/api/v1/containers", headers={"Authorization": "Bearer guess"})
    assert answer.status_code == 401
    assert "guess" not in answer.text


def run(exporter: ExporterProcess, workspace: Workspace, *arguments: str) -> tuple[int, str]:
    output = workspace.folder / f"command-{'-'.join(arguments[:1])}"
    command, *rest = arguments
    options = (f"--url={exporter.url}", f"--token-file={workspace.folder / 'tokens/registrar'}")
    with exporter_process(command, *options, *rest, output=output) as process:
        return process.wait(), process.output


def test_the_command_line_tracks_and_untracks(
    exporter: ExporterProcess, workspace: Workspace
) -> None:
    first = run(exporter, workspace, "track", "acme", SECOND)
    again = run(exporter, workspace, "track", "acme", SECOND)
    no_more = run(exporter, workspace, "untrack", SECOND)
    unknown = run(exporter, workspace, "untrack", "999")
    refused = run(exporter, workspace, "track", "nobody", SECOND)

    assert first == (0, f"{SECOND}: tracked from now on\n")
    assert again == (0, f"{SECOND}: known already\n")
    assert no_more == (0, f"{SECOND}: no longer tracked\n")
    assert (unknown[0], refused[0]) == (1, 1)
    assert "HTTP Error 404" in unknown[1]
    assert "account" in refused[1]
