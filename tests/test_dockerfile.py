"""What the Dockerfile promises, read from it: no container engine is needed."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line]
    return [(keyword, " ".join(rest.split())) for keyword, rest in lines]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def in_final_stage(keyword: str) -> list[str]:
    return [rest for found, rest in stages()[-1] if found == keyword]


def environment() -> dict[str, str]:
    pairs = re.findall(r'(\w+)=("[^"]*"|\S+)', " ".join(in_final_stage("ENV")))
    return {name: value.strip('"') for name, value in pairs}


def sent_to_the_builder() -> set[str]:
    return {
        source
        for keyword, rest in instructions()
        if keyword == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }


def test_the_base_image_is_pinned_by_tag_and_digest() -> None:
    bases = {rest.split()[0] for keyword, rest in instructions() if keyword == "FROM"} - {"base"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-trixie@sha256:[0-9a-f]{64}", bases.pop())


def test_the_final_stage_takes_the_installed_package_and_its_data_folder_alone() -> None:
    assert stages()[-1][0] == ("FROM", "base")
    assert in_final_stage("COPY") == [
        "--from=builder /opt/threads-exporter /opt/threads-exporter",
        "--from=builder --chown=65532:65532 /data /data",
    ]
    assert in_final_stage("RUN") == []


def test_the_locked_packages_are_installed_without_the_development_ones() -> None:
    syncs = [rest for keyword, rest in instructions() if keyword == "RUN" and "uv sync" in rest]
    assert all("--locked --no-dev" in sync for sync in syncs)
    assert "--no-editable" in syncs[-1]


def test_uv_is_installed_by_its_hashes() -> None:
    (install,) = [rest for keyword, rest in instructions() if rest.startswith("pip install")]
    assert "--require-hashes --requirement uv.txt" in install


def test_nothing_is_fetched_by_add() -> None:
    assert "ADD" not in {keyword for keyword, _ in instructions()}


def test_it_runs_as_a_numeric_user_who_is_not_root_and_owns_the_volume() -> None:
    assert in_final_stage("USER") == ["65532:65532"]
    assert in_final_stage("WORKDIR") == in_final_stage("VOLUME") == ["/data"]


def test_it_writes_no_bytecode_so_that_the_root_can_be_read_only() -> None:
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_environment_holds_no_secret() -> None:
    assert environment().keys() == {
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "THREADS_EXPORTER_CONFIG_FILE",
        "THREADS_EXPORTER_REVISION",
    }
    assert [rest for keyword, rest in instructions() if keyword == "ARG"] == ["REVISION=unknown"]


def test_it_starts_the_exporter_and_stops_it_by_the_signal_that_drains() -> None:
    assert in_final_stage("ENTRYPOINT") == [json.dumps(["threads-exporter"])]
    assert in_final_stage("STOPSIGNAL") == ["SIGTERM"]
    assert in_final_stage("EXPOSE") == ["10068"]


def test_its_health_is_asked_by_the_exporter_itself() -> None:
    (check,) = in_final_stage("HEALTHCHECK")
    assert check.endswith(f"CMD {json.dumps(['threads-exporter', 'healthcheck'])}")


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if not line.startswith("#")]
    allowed = [rule for rule in rules if rule.startswith("!")]
    assert rules == ["*", *allowed, "**/__pycache__", "**/*.py[cod]"]
    assert {rule.removeprefix("!") for rule in allowed} == sent_to_the_builder()
