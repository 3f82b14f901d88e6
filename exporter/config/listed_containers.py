from exporter.config.document import Document
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.config.settings import AccountSettings, ContainerEntry


class ListedContainers:
    """Which account each container was first listed for, and where; it belongs to one alone."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._listed: dict[str, tuple[str, str]] = {}

    def add(self, account: str, container_id: str, document: Document, location: Location) -> None:
        place = document.place(location)
        first, at = self._listed.setdefault(container_id, (account, place))
        if first != account:
            message = f'is already listed for account "{first}" at {at}'
            self._report.add(document, location, message)

    def add_loaded(self, account: AccountSettings) -> None:
        """Take the containers of an account that an earlier load found right."""
        for container_id in account.containers:
            self._listed[container_id] = account.name, str(account.source)

    def add_entry(self, entry: ContainerEntry, place: str) -> None:
        """Take a container of a file that an earlier load found right."""
        self._listed[entry.container_id] = entry.account, place
