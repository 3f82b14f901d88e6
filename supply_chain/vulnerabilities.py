"""Ask pip-audit, and it asks OSV, which holds what PyPI and GitHub know."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

OSV: Final = "https://api.osv.dev/v1/query"

_KNOWN_BAD: Final = "urllib3==2.2.0\n"
_PIP_AUDIT: Final = (
    *(sys.executable, "-m", "pip_audit", "--vulnerability-service=osv", "--format=json"),
    *("--no-deps", "--disable-pip", "--strict", "--progress-spinner=off", "--desc=off"),
)


class AuditError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Vulnerability:
    package: str
    version: str
    ids: tuple[str, ...]
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        remedy = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no version mends it"
        return f"{self.package} {self.version}: {', '.join(self.ids)}: {remedy}"


def vulnerabilities(requirements: Sequence[Path], service: str) -> tuple[Vulnerability, ...]:
    """Return what is known against pinned packages; raises AuditError if not all were asked about.

    pip-audit exits 1 for a vulnerability as for a failure of its own; only its report tells which.
    """
    files = [f"--requirement={file}" for file in requirements]
    run = subprocess.run(
        [*_PIP_AUDIT, f"--osv-url={service}", *files], capture_output=True, text=True, check=False
    )
    try:
        report = json.loads(run.stdout)
    except ValueError:
        said = run.stderr.strip().splitlines() or [f"pip-audit exited {run.returncode}"]
        raise AuditError(said[-1]) from None
    return tuple(
        _vulnerability(package, found)
        for package in report["dependencies"]
        for found in package["vulns"]
    )


def check_service(service: str) -> None:
    """Raise AuditError unless the service answers, and knows of a vulnerability that all know of.

    Else a proxy that answers in its place would make every package look sound.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(_KNOWN_BAD, "utf-8")
        if not vulnerabilities([file], service):
            raise AuditError(f"it knows of nothing against {_KNOWN_BAD.strip()}")


def _vulnerability(package: Mapping[str, Any], found: Mapping[str, Any]) -> Vulnerability:
    return Vulnerability(
        package["name"],
        package["version"],
        (found["id"], *found["aliases"]),
        tuple(found["fix_versions"]),
    )
