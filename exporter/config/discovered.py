"""What a source of `account_http_sd` answers: accounts, or a list of all that is wrong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.config.accounts import OF_SOURCES, AccountReader
from exporter.config.document import Document, DocumentError
from exporter.config.json_list import items_of
from exporter.config.listed_containers import ListedContainers
from exporter.config.report import Report
from exporter.config.secret_checks import SecretChecker
from exporter.config.settings import AccountSettings, Settings

_ENOUGH_PROBLEMS = 20
_NO_STORE = "cannot be tracked: no store was opened at the start, of which the log tells why"


@dataclass(frozen=True, slots=True)
class DiscoveredAccounts:
    """The accounts that this process polls, by name, and the names of all that there are."""

    own: Mapping[str, AccountSettings]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an answer must agree with: the settings, and what other sources have answered.

    `others` are the latters' answers by their places. `wanted` tells which accounts this process
    polls; of the rest it keeps the name alone. `keeps_containers` tells whether there is a store
    for the containers of an account.
    """

    settings: Settings
    others: Mapping[str, DiscoveredAccounts]
    wanted: Callable[[str], bool] = lambda _: True
    keeps_containers: bool = True

    def used_names(self) -> Mapping[str, str]:
        """Return where each name stands that is taken."""
        of_others = {name: place for place, other in self.others.items() for name in other.names}
        return {**of_others, **self.settings.names}

    def accounts(self) -> Iterator[AccountSettings]:
        yield from self.settings.accounts
        for other in self.others.values():
            yield from other.own.values()


def read_discovered(content: bytes, place: str, surroundings: Surroundings) -> DiscoveredAccounts:
    """Return what the document says.

    Raises ConfigError, which names `place`, if there is anything wrong with any account.
    """
    report = Report()
    document = Document(Path(place), None, first_line=0)
    used = surroundings.used_names()
    rules = replace(OF_SOURCES, used=used.get, wanted=surroundings.wanted)
    listed = _listed_containers(surroundings, report)
    reader = AccountReader(report, SecretChecker(report), listed, rules)
    try:
        for index, value in enumerate(items_of(_text(content))):
            reader.read_account(document, (index,), value, document.file)
            if _lists_containers(value) and not surroundings.keeps_containers:
                report.add(document, (index, "containers"), _NO_STORE)
            if len(report.problems) >= _ENOUGH_PROBLEMS:
                break
    except DocumentError as error:
        report.add(document, error.location, str(error))
    if report.problems:
        raise report.error()
    return DiscoveredAccounts({item.name: item for item in reader.accounts}, reader.names)


def _lists_containers(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("containers"))


def _listed_containers(surroundings: Surroundings, report: Report) -> ListedContainers:
    listed = ListedContainers(report)
    for account in surroundings.accounts():
        listed.add_loaded(account)
    for entry in surroundings.settings.container_entries:
        listed.add_entry(entry, "container_files")
    return listed


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError(0, "is not UTF-8") from None
