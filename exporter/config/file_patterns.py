"""The files behind account_files and container_files."""

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_ESCAPED = re.compile(r"\[([*?[])\]")


def absolute_pattern(folder: Path, pattern: str) -> str:
    """Return the pattern seen from the root; what the folder's name holds is meant literally."""
    if not glob.has_magic(pattern):
        return glob.escape(str(folder / pattern))
    return str(Path(glob.escape(str(folder))) / pattern)


def literal_path(pattern: str) -> Path | None:
    """Return the only path that an absolute pattern can match, or None if there are more."""
    name = _ESCAPED.sub(r"\1", pattern)
    return Path(name) if glob.escape(name) == pattern else None


def matching_files(patterns: Iterable[str]) -> list[Path]:
    """Return what the patterns match, each file once and in order."""
    names = {
        name
        for pattern in patterns
        for name in glob.glob(pattern, recursive=True)  # noqa: PTH207 — Path's wants no absolute one
    }
    return [Path(name) for name in sorted(names)]


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The files behind patterns, from before they are read."""

    patterns: Sequence[str]
    before: object

    @classmethod
    def now(cls, patterns: Sequence[str]) -> "FilesRead":
        return cls(patterns, files_signature(patterns))

    def signature(self) -> object:
        """Return what tells them from changed ones, None if they changed since.

        Else a file that came meanwhile, was read, and is gone at the next look would stay in force.
        """
        return self.before if files_signature(self.patterns) == self.before else None


def files_signature(patterns: Iterable[str]) -> object:
    """Return a value that differs once a matching file came, went, or may have changed."""
    return paths_signature(matching_files(patterns))


def paths_signature(files: Iterable[Path]) -> object:
    """Return a value that differs once one of the files came, went, or may have changed."""
    return [(file, _identity(file)) for file in files]


def _identity(file: Path) -> object:
    try:
        status = file.stat()
    except OSError as error:
        return error.errno
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
