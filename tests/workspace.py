import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.simulator import User

Section = Mapping[str, object]

FAST_POLLING: Final[Section] = {
    "quota": {"interval": "1s"},
    "token": {"interval": "1s"},
    "containers": {"interval": "1s", "give_up_after": "5m"},
    "call_budget": 1_000_000,
    "max_in_flight": 64,
}


@dataclass(frozen=True)
class Workspace:
    """A folder with an exporter's configuration and the files that it names."""

    folder: Path
    base_url: str = "http://127.0.0.1:9/v1.0"

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"

    def write(self, name: str, content: str) -> Path:
        """Write a file for its owner alone, as a whole: who watches it never sees a half."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.unfinished")
        unfinished.write_text(content, encoding="utf-8")
        unfinished.chmod(0o600)
        return unfinished.replace(file)

    def write_json(self, name: str, content: object) -> Path:
        """Write JSON, which is YAML too."""
        return self.write(name, json.dumps(content, ensure_ascii=False))

    def account(self, user: User, **more: object) -> Section:
        """Return a user's entry in the configuration, its token in a file."""
        return {
            "name": user.name,
            "user_id": user.user_id,
            "access_token_file": str(self.write_token(user)),
            **more,
        }

    def write_token(self, user: User) -> Path:
        return self.write(f"tokens/{user.user_id}", f"{user.token.value}\n")

    def configure(
        self, accounts: Iterable[Section] = (), api: Section | None = None, **sections: object
    ) -> Path:
        """Write a configuration that polls often."""
        content = {
            "api": {"base_url": self.base_url, **(api or {})},
            "polling": FAST_POLLING,
            "accounts": list(accounts),
            **sections,
        }
        return self.write_json(self.config_file.name, content)
