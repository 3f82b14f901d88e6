import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from supply_chain.sbom import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("sbom") / "sbom.json"
    subprocess.run([ROOT / "scripts/sbom", file], check=True)
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return document


def test_it_lists_the_run_time_packages_with_hashes_and_no_other(sbom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {requirement.split(">=")[0] for requirement in project["dependencies"]}
    found = {component["name"] for component in sbom["components"]}
    assert found >= {*wanted, "psycopg"}
    assert found.isdisjoint({"pytest", "ruff", "mypy"})
    for component in sbom["components"]:
        assert component["purl"].startswith(f"pkg:pypi/{component['name']}@")
        assert all(one["hashes"] for one in component["externalReferences"])


def test_it_is_of_this_version(sbom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    about = sbom["metadata"]["component"]
    assert (about["name"], about["version"]) == (project["name"], project["version"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": "one"}', "not of type"),
        ("{", "Expecting property name"),
    ],
)
def test_what_is_not_cyclonedx_fails(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "sbom.json"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(main, [str(file)])
    assert result.exit_code == 1
    assert complaint in result.stderr
