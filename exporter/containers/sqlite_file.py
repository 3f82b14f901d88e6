"""The file that SQLite keeps a store in: locked, made whole, known again, set aside."""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

from exporter.containers.trouble import StoreError
from exporter.domain import StoreTrouble

APPLICATION_ID = int.from_bytes(b"ThrE")
"""What the header of the file says whose it is.

Source: https://www.sqlite.org/fileformat.html#the_database_header
"""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68
_HEADER_SIZE = 100

_KINDS = {
    errno.EACCES: StoreTrouble.READ_ONLY,
    errno.EPERM: StoreTrouble.READ_ONLY,
    errno.EROFS: StoreTrouble.READ_ONLY,
    errno.ENOENT: StoreTrouble.UNREACHABLE,
    errno.ENOSPC: StoreTrouble.FULL,
    errno.EDQUOT: StoreTrouble.FULL,
}
_REMEDIES = {
    StoreTrouble.READ_ONLY: "let the exporter's user write the file and its folder",
    StoreTrouble.UNREACHABLE: "create its folder",
    StoreTrouble.FULL: "free some space",
    StoreTrouble.OTHER: "see to it, or name another store",
}

FileIdentity = tuple[int, int]


def file_error(path: Path, error: OSError) -> StoreError:
    kind = _KINDS.get(error.errno or 0, StoreTrouble.OTHER)
    return StoreError(kind, f"{path}: {error.strerror}: {_REMEDIES[kind]}")


def identity_of(path: Path) -> FileIdentity | None:
    """Return what tells the file from any other, None where there is none; raises StoreError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_error(path, error) from None
    if not path.is_file():
        raise StoreError(StoreTrouble.OTHER, f"{path}: is no file: name one for the store")
    if status.st_size == 0:
        raise StoreError(
            StoreTrouble.CORRUPT,
            f"{path}: is empty, so what it held is lost: restore a backup, or delete it",
        )
    return status.st_dev, status.st_ino


def refuse_foreign(path: Path) -> None:
    """Raise StoreError unless the file is a store's.

    No connection to it may be open: closing the file drops the locks of all in this process.
    """
    with path.open("rb") as file:
        _check_header(path, file.read(_HEADER_SIZE))


def _check_header(path: Path, header: bytes) -> None:
    if not header.startswith(_MAGIC):
        raise StoreError(
            StoreTrouble.CORRUPT, f"{path}: is no SQLite database: restore a backup, or delete it"
        )
    if int.from_bytes(header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4]) != APPLICATION_ID:
        raise StoreError(
            StoreTrouble.FOREIGN,
            f"{path}: is the database of something else: name another file for the store",
        )


class HeldHeader:
    """Sees a file overwritten in place, of which SQLite need not take note for long.

    The file is held open, since closing it drops the locks of all in this process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def hold(self) -> None:
        self.release()
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def check(self) -> None:
        """Raise StoreError unless the file is still a store's."""
        if self._descriptor is not None:
            try:
                header = os.pread(self._descriptor, _HEADER_SIZE, 0)
            except OSError as error:
                raise file_error(self._path, error) from None
            _check_header(self._path, header)

    def release(self) -> None:
        """Let go of the file; no connection to it may be open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def refuse_orphans(path: Path) -> None:
    """Raise StoreError if the newest writes of a lost file are there: a new one would take them."""
    wal = _beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreError(
            StoreTrouble.GONE,
            f"{path}: is gone, but {wal.name} is there: restore the file, or delete {wal.name}",
        )


def create(path: Path, fill: Callable[[Path], None]) -> None:
    """Have the file filled under another name, so that it is never there in part."""
    new = _beside(path, ".new")
    for suffix in ("", "-journal"):
        _beside(new, suffix).unlink(missing_ok=True)
    # SQLite gives the files it makes beside this one the same mode.
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    fill(new)
    new.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path) -> None:
    """Rename what is in the store's place; the parts of a file that is gone are deleted."""
    names = (_beside(path, f".aside-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    there = path.exists()
    for suffix in ("-wal", "-shm", ""):
        part = _beside(path, suffix)
        with suppress(FileNotFoundError):
            part.rename(_beside(aside, suffix)) if there else part.unlink()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class ProcessLock:
    """Keeps other processes from the store; the file itself cannot, since it may be replaced."""

    def __init__(self, path: Path) -> None:
        self._store = path
        self._path = _beside(path, ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once, or raise StoreError."""
        self.release()
        try:
            self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                StoreTrouble.LOCKED,
                f"{self._store}: another process has it open: stop that one, or name another store",
            ) from None
        except OSError as error:
            raise file_error(self._path, error) from None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
