from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from exporter.config.document import Document
from exporter.config.entries import AccountEntry
from exporter.config.fields import MAX_TEXT
from exporter.config.listed_containers import ListedContainers
from exporter.config.problems import Location
from exporter.config.report import Report
from exporter.config.schema import Schema
from exporter.config.secret_checks import SecretChecker
from exporter.config.settings import AccountSettings
from exporter.secret import SecretSource

_ACCOUNT = Schema(AccountEntry)
_TOKEN_KEYS = ("access_token_file", "access_token_env", "access_token")


class AccountReader:
    """Gathers the accounts of all files; a name may be there once."""

    def __init__(
        self, report: Report, secrets: SecretChecker, containers: ListedContainers
    ) -> None:
        self.accounts: list[AccountSettings] = []
        self._report = report
        self._secrets = secrets
        self._containers = containers
        self._named_at: dict[str, tuple[Path, int]] = {}
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
            self._read_account(document, (*location, index), value, source)

    def _read_account(
        self, document: Document, location: Location, value: object, source: Path
    ) -> None:
        entry = self._report.validate(_ACCOUNT, document, location, value)
        if not isinstance(value, dict):
            return
        self._check_name(document, (*location, "name"), value.get("name"))
        self._check_token_keys(document, location, value)
        if entry is None:
            return
        for place, container_id in enumerate(entry.containers):
            where = (*location, "containers", place)
            self._containers.add(entry.name, container_id, document, where)
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
        if name not in self._named_at:
            self._named_at[name] = document.file, document.line(location)
            return
        first, line = self._named_at[name]
        message = f'"{name[:MAX_TEXT]}" is already used at {first}:{line}'
        self._report.add(document, location, message)

    def _check_token_keys(
        self, document: Document, location: Location, value: Mapping[str, object]
    ) -> None:
        given = [key for key in _TOKEN_KEYS if value.get(key) is not None]
        if not given:
            message = f"has no token: give it one of {', '.join(_TOKEN_KEYS)}"
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
