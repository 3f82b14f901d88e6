"""Whatever the file holds, loading ends in settings or in a ConfigError."""

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.display import show_settings
from exporter.config.entries import AccountEntry, ConfigFile
from exporter.config.loading import load_settings
from exporter.config.problems import ConfigError
from exporter.config.section import section_keys
from exporter.config.settings import PollingSettings

EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_bytes()
KEYS = sorted(
    {key for kind in (AccountEntry, ConfigFile, PollingSettings) for key in section_keys(kind)}
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes()
keys = st.sampled_from(KEYS) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
files = st.dictionaries(st.sampled_from(section_keys(ConfigFile)), values, max_size=4)


def _load(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "config.yaml")
        file.write_bytes(content)
        try:
            show_settings(load_settings(file))
        except ConfigError as error:
            lines = str(error).split("\n")
        else:
            lines = []
    assert all(line.isprintable() for line in lines)


@settings(max_examples=50)
@given(files)
def test_any_values(content: dict[str, object]) -> None:
    _load(yaml.safe_dump(content, allow_unicode=True).encode())


@given(st.integers(0, len(EXAMPLE)), st.binary(min_size=1, max_size=4), st.integers(0, 8))
def test_a_broken_example(position: int, inserted: bytes, removed: int) -> None:
    _load(EXAMPLE[:position] + inserted + EXAMPLE[position + removed :])


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    _load(content)
