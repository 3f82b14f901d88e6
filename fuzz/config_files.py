"""Configuration files from any bytes: settings, or an error that names places and no secret."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.config.problems import ConfigError

CANARY = "THAAFuzzed" + "0123456789abcdef" * 8
"""Looks like a token, and is too long for a name; wherever it stands, no message repeats it."""


def load(data: bytes, reader: Callable[[Path], object]) -> None:
    """Write the file and read it."""
    with TemporaryDirectory(prefix="fuzzed-config-") as folder:
        file = Path(folder, "file.yaml")
        file.write_bytes(data)
        try:
            shown = str(reader(file))
        except ConfigError as error:
            _check(error)
        else:
            assert CANARY not in shown


def _check(error: ConfigError) -> None:
    assert error.problems
    assert CANARY not in str(error)
    for problem in error.problems:
        assert problem.line is None or problem.line >= 1
        assert str(problem).isprintable()
