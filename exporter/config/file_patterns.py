"""The files behind account_files and container_files."""

import glob
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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


class FilesWatch:
    """Tells whether the files behind patterns may have changed since it was last asked.

    At first they have: what was read before the first look may be old by then.
    """

    def __init__(self) -> None:
        self._signature: object = None

    def changed(self, patterns: Iterable[str]) -> bool:
        before, self._signature = self._signature, files_signature(patterns)
        return self._signature != before

    @contextmanager
    def reading(self, patterns: Callable[[], Iterable[str]]) -> Iterator[None]:
        """Take the files as known that are read in the block, unless it raises."""
        before = files_signature(patterns())
        yield
        self._signature = before
        self.confirm(patterns())

    def confirm(self, patterns: Iterable[str]) -> None:
        """Take what changed since it was last asked, as the files were read, for a change to come.

        Else a file that came meanwhile, was read, and is gone at the next look would stay in force.
        """
        if files_signature(patterns) != self._signature:
            self._signature = None


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
