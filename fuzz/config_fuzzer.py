"""The configuration file, and how the settings that it holds are shown."""

from pathlib import Path

from exporter.config.display import show_settings
from exporter.config.loading import load_settings
from fuzz.config_files import load


def fuzz(data: bytes) -> None:
    load(data, _load_and_show)


def _load_and_show(file: Path) -> str:
    return show_settings(load_settings(file))
