"""Several exporters on one PostgreSQL, and the world that they poll."""

import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from exporter.simulator import World
from tests.exporter_process import ExporterProcess, serving
from tests.faults.publisher import TOKEN
from tests.workspace import Section, Workspace

LEASE = 20.0


@dataclass
class Shards:
    """Processes by their names, all with one configuration."""

    workspace: Workspace
    config_file: Path
    running: dict[str, ExporterProcess] = field(default_factory=dict)
    _blocks: dict[str, ExitStack] = field(default_factory=dict)

    def start(
        self, name: str, ordinal: int, total: int, config_file: Path | None = None
    ) -> ExporterProcess:
        block = ExitStack()
        process = block.enter_context(
            serving(
                config_file or self.config_file,
                f"--shard={ordinal}",
                f"--total-shards={total}",
                output=self.workspace.folder / "output" / name,
            )
        )
        self._blocks[name], self.running[name] = block, process
        return process

    def kill(self, name: str) -> None:
        self.running[name].send(signal.SIGKILL)
        self.running[name].wait()
        self.stop(name)

    def stop(self, name: str) -> None:
        """Have a process end as a SIGTERM has it."""
        del self.running[name]
        self._blocks.pop(name).close()

    def stop_all(self) -> None:
        for name in tuple(self.running):
            self.stop(name)

    def accounts(self) -> Mapping[str, Sequence[str]]:
        """Return who shows each account now."""
        owners: dict[str, list[str]] = {}
        for name, process in self.running.items():
            for account in process.scrape().by("account", "threads_account_info"):
                owners.setdefault(account, []).append(name)
        return owners

    def share_all(self, accounts: int) -> bool:
        """Tell whether all of so many accounts are shown, each by one process alone."""
        owners = self.accounts()
        return len(owners) == accounts and all(len(names) == 1 for names in owners.values())


def configure(workspace: Workspace, world: World, interval: float, store: Section) -> Path:
    """Write the configuration of all shards."""
    workspace.write("tokens/registrar", TOKEN)
    entries = [
        {"name": user.name, "user_id": user.user_id, "access_token": user.token.value}
        for user in world.users.values()
    ]
    workspace.write_json("accounts.json", entries)
    return workspace.configure(
        [],
        account_files=["accounts.json"],
        polling={
            "quota": {"interval": f"{interval:g}s"},
            "token": {"interval": "1d"},
            "containers": {"interval": "5s"},
            "call_budget": 1_000_000,
            "stale_after": "10m",
        },
        container_api={"token_file": "tokens/registrar"},
        store={**store, "lease": f"{LEASE:g}s"},
    )


@dataclass(frozen=True)
class Rhythm:
    """When each token's quotas were asked for, by the simulated API's log."""

    asked: Mapping[str, Sequence[float]]

    @classmethod
    def of(cls, world: World, since: float) -> "Rhythm":
        asked: dict[str, list[float]] = {user.token.value: [] for user in world.users.values()}
        for call in world.calls(endpoint="publishing_limit"):
            if call.monotonic >= since and call.token is not None:
                asked[call.token].append(call.monotonic)
        return cls(asked)

    def early(self, within: float) -> Counter[str]:
        """Return how many polls of each came so soon after the one before it."""
        return Counter(
            token
            for token, moments in self.asked.items()
            for before, after in pairwise(moments)
            if after - before < within
        )

    def longest_silence(self, since: float, until: float) -> float:
        """Return for how long an account was not polled at most."""
        return max(
            after - before
            for moments in self.asked.values()
            for before, after in pairwise([since, *moments, until])
        )
