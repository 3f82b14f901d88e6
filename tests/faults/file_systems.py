"""Exporters whose store lies on a small disk of its own, which is soon full."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.simulator import User
from tests.exporter_process import ExporterProcess, serving
from tests.faults.publisher import configure, sqlite_at
from tests.workspace import Workspace

_PAGE = 4_096


@dataclass(frozen=True)
class Disk:
    """A file system that only the exporter sees, where it sees `folder`."""

    exporter: ExporterProcess
    folder: Path

    @property
    def inside(self) -> Path:
        """Return the folder as it is for the exporter."""
        return Path(f"/proc/{self.exporter.process.pid}/root{self.folder}")

    def fill(self) -> None:
        with (self.inside / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(_PAGE)):
                pass

    def free(self) -> None:
        (self.inside / "ballast").unlink()


@contextmanager
def on_a_disk(workspace: Workspace, user: User, size: str, before: str = ":") -> Iterator[Disk]:
    """Run an exporter with its store on a disk of that size; `before` is done there first."""
    folder = workspace.folder / "disk"
    folder.mkdir()
    mount = f'mount -t tmpfs -o size={size} tmpfs "{folder}"'
    launcher = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-e", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*launcher, mount], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs to mount a file system: allow user namespaces")
    config_file = configure(workspace, user, store=sqlite_at(folder / "store.db"))
    start = [*launcher, f'{mount}; (cd "{folder}"; {before}); exec "$@"', "sh"]
    with serving(config_file, launcher=start) as exporter:
        yield Disk(exporter, folder)
