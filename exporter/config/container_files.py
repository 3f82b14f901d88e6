from collections.abc import Collection

from exporter.config.document import Document
from exporter.config.listed_containers import ListedContainers
from exporter.config.report import Report
from exporter.config.schema import Schema
from exporter.config.settings import ContainerEntry

_CONTAINER = Schema(ContainerEntry)


class ContainerReader:
    """Gathers the containers of all container files; one that is listed twice counts once.

    `accounts` is None where an account that is not known may come yet.
    """

    def __init__(
        self, report: Report, accounts: Collection[str] | None, listed: ListedContainers
    ) -> None:
        self._report = report
        self._accounts = accounts
        self._listed = listed
        self._entries: dict[ContainerEntry, None] = {}

    @property
    def entries(self) -> tuple[ContainerEntry, ...]:
        return tuple(self._entries)

    def read(self, document: Document) -> None:
        if not isinstance(document.value, list):
            self._report.add(document, (), "must be a list of containers")
            return
        for index, value in enumerate(document.value):
            entry = self._report.validate(_CONTAINER, document, (index,), value)
            if entry is None:
                continue
            if self._accounts is not None and entry.account not in self._accounts:
                self._report.add(document, (index, "account"), "no account has this name")
                continue
            where = (index, "container_id")
            self._listed.add(entry.account, entry.container_id, document, where)
            self._entries[entry] = None
