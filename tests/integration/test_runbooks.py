"""The commands of the runbooks, run: every `bash` block; a block in `sh` needs more than that."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from exporter.simulator import Simulator, World, containers
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import Workspace

PAGES = sorted((Path(__file__).parents[2] / "docs" / "runbooks").glob("*.md"))
TOKEN = "token-of-the-registrar"
LIVES = {
    "17889615691921648": containers.stays_in_progress(),
    "17889615691921649": containers.fails("INVALID_DURATION", after=0),
    "17889615691921650": containers.expires(after=0, finished=0),
}
_BASH = re.compile(r"^( *)```bash\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    page: str
    script: str


def _commands() -> Iterator[Command]:
    for page in PAGES:
        for indent, script in _BASH.findall(page.read_text("utf-8")):
            yield Command(page.stem, re.sub(f"^{indent}", "", script, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an exporter's folder; in it curl fails where a server answers with an error."""
    folder = tmp_path_factory.mktemp("exporter")
    (folder / ".curlrc").write_text("fail-with-body\n")
    return folder


@pytest.fixture(scope="module")
def exporter(folder: Path) -> Iterator[ExporterProcess]:
    world = World()
    acme = world.add_user("acme")
    for container_id, life in LIVES.items():
        acme.add_container(container_id, life)
    with Simulator(world) as simulator:
        workspace = Workspace(folder, simulator.base_url)
        workspace.write("tokens/registrar", TOKEN)
        token = str(workspace.write("tokens/acme", acme.token.value))
        config_file = workspace.configure(
            [workspace.account(acme, access_token_file=token)],
            polling={"token": {"inspector_token_file": token}},
            container_api={"token_file": "tokens/registrar"},
        )
        with serving(config_file) as exporter:
            exporter.wait_until_ready()
            register(exporter)
            eventually(lambda: unfinished(exporter) == 1)
            yield exporter


def register(exporter: ExporterProcess) -> None:
    answer = requests.post(
        f"{exporter.url}/api/v1/containers",
        json={"containers": [{"account": "acme", "container_id": item} for item in LIVES]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )
    assert answer.ok, answer.text


def unfinished(exporter: ExporterProcess) -> float:
    statuses = exporter.scrape().by("status", "threads_containers", account="acme")
    return statuses["PENDING"] + statuses["IN_PROGRESS"]


def run(script: str, folder: Path, exporter: ExporterProcess) -> subprocess.CompletedProcess[str]:
    address = exporter.url.removeprefix("http://")
    environment = {
        "CURL_HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "THREADS_EXPORTER_WEB_LISTEN_ADDRESS": address,
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-ec", script.replace("localhost:10068", address)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", [*_commands()], ids=lambda command: command.page)
def test_a_command_works(command: Command, folder: Path, exporter: ExporterProcess) -> None:
    for tool in {"curl", "jq"} & set(re.findall(r"\w+", command.script)):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: sudo apt install {tool}")
    register(exporter)

    result = run(command.script, folder, exporter)

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout
