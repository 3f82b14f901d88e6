"""The exporter's configuration for the demo's world."""

import os
from collections.abc import Iterable
from pathlib import Path

from exporter.simulator.cast import DemoWorld, Member

CONTAINER_DIRECTORY = "containers.d"

_HEAD = """\
# The demo: a simulated Threads API, polled far faster than the real one may be.
api:
  base_url: {base_url}
polling:
  quota: {{interval: 5s}}
  token: {{interval: 30s}}
  containers: {{interval: 5s, give_up_after: 10s}}
  stale_after: 30s
  call_budget: 1000000
container_files: [{containers}/*.json]
accounts:
"""


def write_demo_configuration(demo: DemoWorld, base_url: str, directory: Path) -> Path:
    """Write config.yaml and the token files it names into a directory; return its path."""
    tokens = directory / "tokens"
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / CONTAINER_DIRECTORY).mkdir(exist_ok=True)
    for member in demo.members:
        _write_secret(tokens / member.role.name, member.user.token.value)
    path = directory / "config.yaml"
    path.write_text(_configuration(demo.members, base_url), encoding="ascii")
    return path


def _configuration(members: Iterable[Member], base_url: str) -> str:
    head = _HEAD.format(base_url=base_url, containers=CONTAINER_DIRECTORY)
    return head + "".join(_account(member) for member in members)


def _account(member: Member) -> str:
    role = member.role
    return (
        f"  - name: {role.name}\n"
        f'    user_id: "{member.user.user_id}"\n'
        f"    access_token_file: tokens/{role.name}\n"
        f"    app: {role.app}\n"
        f"    labels: {{team: {role.team}}}\n"
    )


def _write_secret(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content + "\n")
