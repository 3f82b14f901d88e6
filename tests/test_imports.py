"""What each command imports: a health check each half minute is not to load a database library."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.exporter_process import clean_environment
from tests.workspace import Workspace

NOBODY = "http://127.0.0.1:9"
PROGRAM = (
    "import atexit, sys; "
    "atexit.register(lambda: print('imported:', *sys.modules)); "
    "from exporter.cli import main; main()"
)
PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
MODULES = {"prometheus-client": "prometheus_client", "pyyaml": "yaml"}
"""Of a distribution whose module has another name."""


def libraries() -> set[str]:
    """Return the modules of all that the exporter depends on."""
    listed = PROJECT["project"]["dependencies"]
    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in listed}
    return {MODULES.get(name, name) for name in names}


def imported_by(*arguments: str) -> Collection[str]:
    """Return which of the libraries the command has imported when it ends."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    modules = result.stdout.partition("imported: ")[2].split()
    assert "exporter.cli" in modules, result.stderr
    return {module.partition(".")[0] for module in modules} & libraries()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["--log.level=absurd"],
        ["explain", "190"],
        ["healthcheck", NOBODY],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_that_ends_at_once_imports_no_library(arguments: list[str]) -> None:
    assert imported_by(*arguments) == {"click"}


@pytest.mark.parametrize("arguments", [["track", "acme", "1"], ["untrack", "1"]])
def test_asking_a_running_exporter_imports_no_library(
    arguments: list[str], workspace: Workspace
) -> None:
    token = workspace.write("token", "registrar-token")

    imported = imported_by(*arguments, f"--url={NOBODY}", f"--token-file={token}")

    assert imported == {"click"}


def test_checking_the_configuration_imports_what_reads_it_alone(workspace: Workspace) -> None:
    file = workspace.configure([{"name": "acme", "access_token": "some-token"}])

    assert imported_by("--config.check", f"--config.file={file}") == {"click", "pydantic", "yaml"}


def test_a_configuration_that_is_wrong_is_told_before_the_rest_is_imported(
    workspace: Workspace,
) -> None:
    assert imported_by(f"--config.file={workspace.folder}") == {"click", "pydantic", "yaml"}


def test_the_libraries_are_modules() -> None:
    assert libraries() > {"apscheduler", "isal", "prometheus_client", "sqlalchemy", "yaml"}
