"""Looking for the accounts' tokens in all that an exporter says, whatever fault it suffers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from exporter.simulator import World
from tests import exporter_process
from tests.exporter_process import ExporterProcess
from tests.integration.leaks import leaks

_SHORTEST_TOKEN = 8
_PATHS = ("/metrics", "/config", "/", "/-/healthy")


class CanaryWorld(World):
    """A world where each user's token is one that is sure to be found wherever it gets to."""

    def new_token(self, name: str) -> str:
        return f"THAA{name.replace(' ', '-')}|canary+/=%41~{len(self.users)}"


@dataclass
class Canary:
    """What the exporters of a test said, and the tokens that they were given.

    Tokens are the world's, and what stands in the folder's files that have `token` in their path.
    """

    folder: Path
    world: World
    exporters: list[ExporterProcess] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at each exporter that ends in the block."""
        exporter_process.before_the_end.append(self._look)
        try:
            yield
        finally:
            exporter_process.before_the_end.remove(self._look)

    def leaks(self) -> list[tuple[str, str]]:
        """Return where a token was said, and how it was spelt there."""
        self._learn_tokens()
        said = {**self.said, **self._stored()}
        for number, exporter in enumerate(self.exporters):
            said[f"output {number}"] = exporter.stdout.read_text("utf-8", "replace")
            said[f"log {number}"] = exporter.stderr.read_text("utf-8", "replace")
            said[f"answers {number}"] = "\n".join(exporter.heard)
        return leaks(self.tokens, said)

    def _look(self, exporter: ExporterProcess) -> None:
        self.exporters.append(exporter)
        self._learn_tokens()
        process = Path(f"/proc/{exporter.process.pid}")
        with suppress(OSError):
            self.said[f"command {process.name}"] = (process / "cmdline").read_text("utf-8")
        if exporter.process.poll() is None and _runs(process) and "listening" in exporter.output:
            for path in _PATHS:
                with suppress(requests.RequestException):
                    answer = requests.get(f"{exporter.url}{path}", timeout=5)
                    self.said[f"{path} of {process.name}"] = answer.text

    def _learn_tokens(self) -> None:
        self.tokens.update(self.world.state.tokens)
        for file in self._files():
            if "token" in file.relative_to(self.folder).as_posix():
                with suppress(OSError, UnicodeError):
                    self._add(file.read_text("utf-8").strip())
            elif file.suffix in {".yaml", ".json"}:
                with suppress(OSError, ValueError):
                    self._add_inline(json.loads(file.read_text("utf-8")))

    def _add_inline(self, content: object) -> None:
        accounts = content.get("accounts") if isinstance(content, Mapping) else content
        for account in accounts if isinstance(accounts, list) else ():
            if isinstance(account, Mapping):
                self._add(str(account.get("access_token", "")))

    def _add(self, token: str) -> None:
        if len(token) >= _SHORTEST_TOKEN and "\n" not in token:
            self.tokens.add(token)

    def _stored(self) -> Mapping[str, str]:
        return {
            file.name: file.read_text("latin-1")
            for file in self._files()
            if ".db" in file.name or ".sqlite" in file.name
        }

    def _files(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from (file for file in self.folder.rglob("*") if file.is_file())


def _runs(process: Path) -> bool:
    with suppress(OSError):
        return "\nState:\tT" not in (process / "status").read_text("utf-8")
    return False
