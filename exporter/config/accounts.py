from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from exporter.config.document import Document
from exporter.config.entries import AccountEntry, DiscoveredEntry
from exporter.config.fields import MAX_TEXT
from exporter.config.listed_containers import ListedContainers
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.config.schema import Schema
from exporter.config.secret_checks import SecretChecker
from exporter.config.settings import AccountSettings
from exporter.secret import SecretSource


@dataclass(frozen=True, slots=True)
class AccountRules:
    """What an account may say, and by which keys it may say where its token is.

    `used` tells where a name stands that is taken already. Of an account that is not `wanted`
    nothing is kept once it is checked.
    """

    schema: Schema[AccountEntry]
    token_keys: tuple[str, ...]
    used: Callable[[str], str | None] = lambda _: None
    wanted: Callable[[str], bool] = lambda _: True


OF_FILES = AccountRules(
    Schema(AccountEntry), ("access_token_file", "access_token_env", "access_token")
)
OF_SOURCES = AccountRules(Schema[AccountEntry](DiscoveredEntry), ("access_token",))


class AccountReader:
    """Gathers the accounts of all files, or of a source; a name may be there once."""

    def __init__(
        self,
        report: Report,
        secrets: SecretChecker,
        containers: ListedContainers,
        rules: AccountRules = OF_FILES,
    ) -> None:
        self.accounts: list[AccountSettings] = []
        self.others: dict[str, str] = {}
        self._report = report
        self._secrets = secrets
        self._containers = containers
        self._rules = rules
        self._named_at: dict[str, str] = {}
        self._shared = _Shared()

    @property
    def names(self) -> frozenset[str]:
        """Every name that was read, those of wrong accounts too."""
        return frozenset(self._named_at)

    def read(self, document: Document, location: Location, values: object) -> None:
        if not isinstance(values, list):
            self._report.add(document, location, "must be a list of accounts")
            return
        source = document.file.absolute()
        for index, value in enumerate(values):
            self.read_account(document, (*location, index), value, source)

    def read_account(
        self, document: Document, location: Location, value: object, source: Path
    ) -> None:
        entry = self._report.validate(self._rules.schema, document, location, value)
        if not isinstance(value, dict):
            return
        self._check_name(document, (*location, "name"), value.get("name"))
        self._check_token_keys(document, location, value)
        if entry is None:
            return
        for place, container_id in enumerate(entry.containers):
            where = (*location, "containers", place)
            self._containers.add(entry.name, container_id, document, where)
        if not self._rules.wanted(entry.name):
            self.others[entry.name] = document.place(location)
            return
        for key, token in entry.token_sources.items():
            self._secrets.check(token, document, (*location, key))
            self.accounts.append(self._account(entry, token, source))

    def _account(self, entry: AccountEntry, token: SecretSource, source: Path) -> AccountSettings:
        return AccountSettings(
            name=entry.name,
            token=token,
            user_id=entry.user_id,
            token_expires_at=entry.token_expires_at,
            app=self._shared.text(entry.app),
            labels=self._shared.labels(entry.labels),
            containers=entry.containers,
            source=source,
        )

    def _check_name(self, document: Document, location: Location, name: object) -> None:
        if not isinstance(name, str):
            return
        first = self._rules.used(name) or self._named_at.get(name)
        if first is None:
            self._named_at[name] = document.place(location)
            return
        message = f'"{name[:MAX_TEXT]}" is already used at {first}'
        self._report.add(document, location, message)

    def _check_token_keys(
        self, document: Document, location: Location, value: Mapping[str, object]
    ) -> None:
        keys = self._rules.token_keys
        given = [key for key in keys if value.get(key) is not None]
        if not given:
            message = f"has no token: give it {'one of ' * (len(keys) > 1)}{', '.join(keys)}"
            self._report.add(document, location, message)
        if len(given) > 1:
            message = f"has {' and '.join(given)}: keep one of them"
            self._report.add(document, (*location, given[-1]), message)


class _Shared:
    """Equal texts and labels, kept once: thousands of accounts have the same."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def text(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def labels(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        key = tuple(labels.items())
        if key not in self._labels:
            self._labels[key] = MappingProxyType(
                {self.text(name): self.text(value) for name, value in key}
            )
        return self._labels[key]
