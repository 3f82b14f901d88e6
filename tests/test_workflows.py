import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[1]
WORKFLOWS: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED: Final = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
TAKEN_FROM_OUTSIDE: Final = re.compile(
    r"\$\{\{\s*(github\.(event|head_ref|ref_name|actor)|inputs|steps|secrets)\b"
)

MAY_WRITE: Final = {
    ("codeql.yml", "analyze"): {"security-events"},
    ("release.yml", "attest"): {"attestations", "id-token"},
    ("release.yml", "image"): {"attestations", "id-token", "packages"},
    ("release.yml", "pypi"): {"id-token"},
    ("release.yml", "release"): {"contents"},
    ("scorecard.yml", "analyze"): {"id-token", "security-events"},
}
"""The jobs that may change something, and what."""

each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def parsed(workflow: Path) -> Mapping[Any, Any]:
    content: Mapping[Any, Any] = yaml.safe_load(workflow.read_text("utf-8"))
    return content


def triggers(workflow: Path) -> Mapping[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    on: Mapping[str, Any] = parsed(workflow)[True]
    return on


def jobs(workflow: Path) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = parsed(workflow)["jobs"]
    return found


def steps(workflow: Path) -> Iterator[Mapping[str, Any]]:
    for job in jobs(workflow).values():
        yield from job["steps"]


def scripts(workflow: Path) -> Iterator[str]:
    return (step["run"] for step in steps(workflow) if "run" in step)


def test_there_are_those_that_a_project_is_judged_by() -> None:
    assert {path.name for path in WORKFLOWS} >= {
        "ci.yml",
        "codeql.yml",
        "nightly.yml",
        "release.yml",
        "scorecard.yml",
    }


@each_workflow
def test_actions_are_pinned_by_commit_and_name_their_release(workflow: Path) -> None:
    uses = re.findall(r"uses: (.+)", workflow.read_text("utf-8"))
    assert uses
    assert [use for use in uses if not PINNED.fullmatch(use)] == []


def test_an_action_is_pinned_to_the_same_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in WORKFLOWS:
        for use in re.findall(r"uses: (.+)", workflow.read_text("utf-8")):
            action, pin = use.split("@")
            pins.setdefault("/".join(action.split("/")[:2]), set()).add(pin)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@each_workflow
def test_a_workflow_starts_without_permissions(workflow: Path) -> None:
    assert parsed(workflow)["permissions"] == {}


@each_workflow
def test_a_job_may_write_only_what_is_listed_here(workflow: Path) -> None:
    for name, job in jobs(workflow).items():
        permissions = job["permissions"]
        writes = {scope for scope, access in permissions.items() if access == "write"}
        assert writes == MAY_WRITE.get((workflow.name, name), set())
        assert set(permissions.values()) <= {"read", "write"}


@each_workflow
def test_no_checkout_leaves_credentials_behind(workflow: Path) -> None:
    checkouts = [step for step in steps(workflow) if "actions/checkout@" in step.get("uses", "")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


@each_workflow
def test_a_job_ends_in_time_on_a_named_system(workflow: Path) -> None:
    for job in jobs(workflow).values():
        assert job["timeout-minutes"] <= 120
        assert job["runs-on"] == "ubuntu-24.04"


@each_workflow
def test_of_the_same_workflow_one_run_is_enough(workflow: Path) -> None:
    assert parsed(workflow)["concurrency"]["group"].startswith("${{ github.workflow }}")


@each_workflow
def test_nothing_from_outside_is_pasted_into_a_script(workflow: Path) -> None:
    assert [script for script in scripts(workflow) if TAKEN_FROM_OUTSIDE.search(script)] == []


@each_workflow
def test_what_a_stranger_can_start_has_no_secret(workflow: Path) -> None:
    assert triggers(workflow).keys().isdisjoint({"pull_request_target", "workflow_run"})
    assert "secrets." not in workflow.read_text("utf-8")


@each_workflow
def test_a_script_calls_targets_that_make_has(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {
        target
        for script in scripts(workflow)
        for target in re.findall(r"^\s*make ([a-z-]+)", script, re.MULTILINE)
    }
    assert called <= targets


def test_a_release_is_made_by_a_tag_alone() -> None:
    release = ROOT / ".github/workflows/release.yml"
    assert triggers(release) == {"push": {"tags": ["v*"]}}


def test_a_release_is_signed_and_says_what_it_is_made_of() -> None:
    release = ROOT / ".github/workflows/release.yml"
    said = list(scripts(release))
    assert "make sbom" in said
    assert 'cosign sign --yes --recursive "$IMAGE@$DIGEST"' in said
    attested = [step["with"] for step in steps(release) if "/attest@" in step.get("uses", "")]
    assert sum("sbom-path" in given for given in attested) == 2
    assert len(attested) == 4


def test_the_audit_runs_for_each_change_and_at_night() -> None:
    made = [line.split() for line in (ROOT / ".ci/run").read_text("utf-8").splitlines()]
    assert any(words[:1] == ["make"] and "audit" in words for words in made)
    nightly = ROOT / ".github/workflows/nightly.yml"
    assert {"make audit ARGS=--strict", "make soak"} <= {*scripts(nightly)}
    assert "schedule" in triggers(nightly)


def test_dependabot_moves_all_that_is_pinned() -> None:
    moved = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))["updates"]
    assert {(update["package-ecosystem"], update["directory"]) for update in moved} == {
        ("docker", "/"),
        ("docker-compose", "/deploy"),
        ("github-actions", "/"),
        ("pip", "/scripts"),
        ("uv", "/"),
    }
    assert {update["cooldown"]["default-days"] for update in moved} == {7}
