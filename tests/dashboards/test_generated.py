"""The committed files are what the builders make."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from dashboards.__main__ import ROOT, documents, main
from tests.dashboards.expressions import dashboards

FILES = [
    *(f"dashboards/{uid}.json" for uid in sorted(dashboards())),
    "deploy/kube-prometheus/dashboards.yaml",
]


def test_the_committed_files_are_current() -> None:
    checked = CliRunner().invoke(main, ["--check", "--configmaps"])

    assert checked.output == ""
    assert checked.exit_code == 0


def test_no_dashboard_is_committed_that_is_not_built() -> None:
    assert sorted(dashboards()) == sorted(document.uid for document in documents())


def test_the_files_are_written_and_then_current(tmp_path: Path) -> None:
    root = ["--configmaps", "--root", str(tmp_path)]

    assert CliRunner().invoke(main, root).exit_code == 0

    for file in FILES:
        assert (tmp_path / file).read_bytes() == (ROOT / file).read_bytes()
    assert CliRunner().invoke(main, [*root, "--check"]).exit_code == 0


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_differs_or_misses_is_one_clear_line(tmp_path: Path, file: str) -> None:
    root = ["--configmaps", "--root", str(tmp_path)]
    CliRunner().invoke(main, root)

    for harm in (lambda path: path.write_text("{}"), Path.unlink):
        harm(tmp_path / file)
        checked = CliRunner().invoke(main, [*root, "--check"])

        assert checked.exit_code == 1
        assert checked.output == (
            f"Error: {tmp_path / file} differs from the builders:"
            " run python -m dashboards --configmaps\n"
        )


def test_the_json_alone_is_written_without_the_flag(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["--root", str(tmp_path)])

    written = [path.name for path in tmp_path.rglob("*") if path.is_file()]

    assert sorted(written) == [f"{uid}.json" for uid in sorted(dashboards())]


def test_each_config_map_holds_a_dashboard_that_the_sidecar_finds() -> None:
    text = (ROOT / FILES[-1]).read_text(encoding="utf-8")
    maps = list(yaml.safe_load_all(text))

    assert {next(iter(one["data"])) for one in maps} == {f"{uid}.json" for uid in dashboards()}
    for one in maps:
        ((name, content),) = one["data"].items()
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(content) == dashboards()[name.removesuffix(".json")]


def test_a_config_map_is_not_too_large_for_kubernetes() -> None:
    assert max(len(document.json().encode()) for document in documents()) < 1_000_000
