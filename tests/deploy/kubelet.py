"""A pod's files, laid out as the kubelet lays them out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.deploy.kustomized import Built, Document

TOKEN: Final = "THAA-a-made-up-token"
SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "threads-exporter-api": {"token": "a-made-up-api-token"},
    "threads-exporter-postgresql": {"password": "a-made-up-password"},
    "threads-exporter-tokens": {"acme": TOKEN},
}
"""What the operator creates, by name."""


@dataclass(frozen=True)
class Kubelet:
    """Mounts the volumes of a pod below a folder, which stands for the pod's root."""

    built: Built
    root: Path
    secrets: Mapping[str, Mapping[str, str]]

    def mount(self) -> None:
        for mount in self.built.container["volumeMounts"]:
            folder = self.inside(mount["mountPath"])
            folder.mkdir(parents=True, exist_ok=True)
            write(folder, self._files(mount["name"]))

    def inside(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    @property
    def arguments(self) -> Sequence[str]:
        """Return the arguments of the container as this root has it."""
        return [self._moved(argument) for argument in self.built.arguments]

    def _files(self, volume: str) -> Mapping[str, str]:
        volumes = {found["name"]: found for found in self.built.pod["volumes"]}
        return {
            name: self._moved(content)
            for source in sources(volumes.get(volume, {}))
            for name, content in self._source(source).items()
        }

    def _source(self, source: Document) -> Mapping[str, str]:
        if "configMap" in source:
            return self.built.config_map(source["configMap"]["name"])
        return self.secrets[secret_name(source)]

    def _moved(self, text: str) -> str:
        """Return a text that names the pod's files by where they are here."""
        for path in ("/etc/threads-exporter/", "/data/"):
            text = text.replace(path, f"{self.root}{path}")
        return text


def sources(volume: Document) -> Iterator[Document]:
    """Yield the ConfigMaps and Secrets that a volume shows."""
    if "projected" in volume:
        yield from volume["projected"]["sources"]
    elif {"configMap", "secret"} & volume.keys():
        yield volume


def secret_name(source: Document) -> str:
    secret = source["secret"]
    name: str = secret.get("secretName") or secret["name"]
    return name


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Have a mounted folder show other files, all at once: they are links into a hidden folder."""
    fresh = Path(mkdtemp(prefix="..2026_", dir=folder))
    for name, content in files.items():
        (fresh / name).write_text(content, "utf-8")
        (fresh / name).chmod(0o400)
    unnamed = folder / "..data_tmp"
    unnamed.symlink_to(fresh.name)
    unnamed.replace(folder / "..data")
    for name in files:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"..data/{name}")
