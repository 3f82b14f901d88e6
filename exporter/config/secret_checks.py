import os
from collections.abc import Iterator
from pathlib import Path

from exporter.config.document import Document
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.secret import FileSecret, SecretSource, SecretUnreadableError

_OPEN_TO_OTHERS = 0o077
_READABLE_FOR_GROUP = 0o040


class SecretChecker:
    """Reads every secret once, so that a missing one shows at start and not at its first use."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._exposed: list[str] = []

    def check(self, source: SecretSource, document: Document, location: Location) -> None:
        try:
            source.read()
        except SecretUnreadableError as error:
            self._report.add(document, location, str(error))
            return
        if isinstance(source, FileSecret) and is_open_to_others(source.path):
            self._exposed.append(str(source.path))

    def warnings(self) -> Iterator[str]:
        if self._exposed:
            yield (
                f"{len(self._exposed)} token file(s) are open to their group or to others, "
                f"the first is {self._exposed[0]}: chmod 600 them"
            )


def is_open_to_others(file: Path) -> bool:
    """Return whether more than its owner can read it.

    Of systemd's credentials nobody else can: what looks like their group's permission is that of
    the access control list by which their service reads them. A file that is another user's may
    be for the exporter's own group, as Kubernetes has it with `fsGroup`.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and file.is_relative_to(credentials):
        return False
    try:
        status = file.stat()
    except OSError:
        return False
    lent = status.st_uid != os.geteuid() and status.st_gid == os.getegid()
    expected = _READABLE_FOR_GROUP if lent else 0
    return status.st_mode & _OPEN_TO_OTHERS & ~expected != 0
