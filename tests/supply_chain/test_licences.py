import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def licences_are_allowed(folder: Path, configuration: str, *packages: str) -> bool:
    (folder / "pyproject.toml").write_text(configuration, "utf-8")
    looked = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--packages", *packages],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0 or "not in allow-only licenses was found" in looked.stderr
    return looked.returncode == 0


def test_packages_with_an_allowed_licence_pass(tmp_path: Path) -> None:
    assert licences_are_allowed(tmp_path, PROJECT.read_text("utf-8"), "click", "psycopg", "urllib3")


@pytest.mark.parametrize(
    ("package", "licence"), [("psycopg", "LGPL-3.0-only;"), ("click", "BSD-3-Clause;")]
)
def test_a_licence_that_is_not_listed_fails(tmp_path: Path, package: str, licence: str) -> None:
    configuration = PROJECT.read_text("utf-8").replace(f"\n{licence}\\\n", "\n")
    assert not licences_are_allowed(tmp_path, configuration, package)
