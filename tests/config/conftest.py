from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from exporter.config.loading import load_settings
from exporter.config.problems import ConfigError
from exporter.config.settings import Settings

Write: TypeAlias = Callable[[str, str], Path]
Load: TypeAlias = Callable[[str], Settings]
Problems: TypeAlias = Callable[[str], list[str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file below an empty working directory, for its owner alone."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(0o600)
        return file

    return write


@pytest.fixture
def load(write: Write) -> Load:
    """Load a configuration with the given content."""

    def load(content: str) -> Settings:
        write("config.yaml", content)
        return load_settings(Path("config.yaml"))

    return load


@pytest.fixture
def problems(load: Load) -> Problems:
    """Load a wrong configuration and return what is said about it."""

    def problems(content: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(content)
        return [str(problem) for problem in raised.value.problems]

    return problems
