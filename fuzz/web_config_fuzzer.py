"""The file that --web.config.file names."""

from exporter.config.web_config import load_web_settings
from fuzz.config_files import load


def fuzz(data: bytes) -> None:
    load(data, load_web_settings)
