"""What a folder with a kustomization is built to, by Debian's kubectl."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
KUBERNETES: Final = ROOT / "deploy/kubernetes"
OVERLAYS: Final = ("sqlite", "standby", "shards")

KUBECTL: Final = ROOT / ".tools/kubectl/usr/bin/kubectl"
"""There once scripts/fetch-kubectl has run."""

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """The documents of a kustomization, as they are applied."""

    documents: Sequence[Document]

    def of_kind(self, kind: str) -> Sequence[Document]:
        return [document for document in self.documents if document["kind"] == kind]

    def the(self, kind: str, name: str = "threads-exporter") -> Document:
        (found,) = (found for found in self.of_kind(kind) if found["metadata"]["name"] == name)
        return found

    def config_map(self, name: str) -> Mapping[str, str]:
        """Return the files of a ConfigMap, whatever its name ends with."""
        (found,) = (
            found
            for found in self.of_kind("ConfigMap")
            if found["metadata"]["name"].startswith(name)
        )
        files: Mapping[str, str] = found["data"]
        return files

    @property
    def stateful_set(self) -> Document:
        spec: Document = self.the("StatefulSet")["spec"]
        return spec

    @property
    def pod(self) -> Document:
        spec: Document = self.stateful_set["template"]["spec"]
        return spec

    @property
    def container(self) -> Document:
        (found,) = self.pod["containers"]
        container: Document = found
        return container

    @property
    def arguments(self) -> Sequence[str]:
        """Return what the container's program is started with, variables filled in."""
        values = {item["name"]: item["value"] for item in self.container.get("env", [])}
        return [_filled_in(argument, values) for argument in self.container["args"]]


@cache
def build(folder: Path) -> Built:
    built = subprocess.run(
        [KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert (built.returncode, built.stderr) == (0, "")
    return Built(list(yaml.load_all(built.stdout, yaml.CSafeLoader)))


def overlay(name: str) -> Built:
    return build(KUBERNETES / "overlays" / name)


each_overlay: Final = pytest.mark.parametrize("built", OVERLAYS, indirect=True)


def _filled_in(argument: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        argument = argument.replace(f"$({name})", value)
    return argument
