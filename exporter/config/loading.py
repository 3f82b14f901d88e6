"""From files to settings, or to the list of everything that is wrong with them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.config.accounts import OF_FILES, AccountReader
from exporter.config.cautions import cautions
from exporter.config.container_files import ContainerReader
from exporter.config.document import Document
from exporter.config.entries import ConfigFile
from exporter.config.file_patterns import FilesRead, literal_path, matching_files
from exporter.config.json_document import read_json
from exporter.config.listed_containers import ListedContainers
from exporter.config.problems import Problem
from exporter.config.report import Report
from exporter.config.schema import Schema
from exporter.config.secret_checks import SecretChecker
from exporter.config.section_checks import check_sections
from exporter.config.settings import AccountSettings, ContainerEntry, Settings, StoreSettings
from exporter.config.urls import absolute_store_url
from exporter.config.yaml_document import read_yaml

_CONFIG_FILE = Schema(ConfigFile)


def load_settings(path: Path, wanted: Callable[[str], bool] = lambda _: True) -> Settings:
    """Read the configuration and every file that it names; raises ConfigError.

    Of accounts that are not wanted only the names are kept, and no token is read.
    """
    report = Report()
    main = report.read(read_yaml, path)
    config = report.validate(_CONFIG_FILE, main, (), main.value) if main else None
    if main is None or config is None:
        raise report.error()
    settings = _read_all(main, config, report, wanted)
    if report.problems:
        raise report.error()
    return settings


def reread_containers(settings: Settings) -> Settings:
    """Read the container files again, all else as it is; raises ConfigError."""
    report = Report()
    listed = ListedContainers(report)
    for account in settings.accounts:
        listed.add_loaded(account)
    names = None if settings.account_http_sd else settings.names
    containers = ContainerReader(report, names, listed)
    files = FilesRead.now(settings.container_files)
    for pattern in settings.container_files:
        if literal_path(pattern) and not matching_files([pattern]):
            report.problems.append(Problem(Path(pattern), None, "", "there is no such file"))
    for file in matching_files(settings.container_files):
        document = report.read(read_json, file)
        if document is not None:
            containers.read(document)
    if report.problems:
        raise report.error()
    return replace(
        settings, container_entries=containers.entries, container_files_read=files.signature()
    )


def _read_all(
    main: Document, config: ConfigFile, report: Report, wanted: Callable[[str], bool]
) -> Settings:
    """Return settings that are good for use only if the report stays empty."""
    account_files = FilesRead.now(config.account_files)
    container_files = FilesRead.now(config.container_files)
    secrets = SecretChecker(report)
    check_sections(config, main, report, secrets)
    listed = ListedContainers(report)
    accounts = AccountReader(report, secrets, listed, replace(OF_FILES, wanted=wanted))
    accounts.read(main, ("accounts",), list(config.accounts))
    named = _NamedFiles(main, report)
    for document in named.read("account_files", config.account_files, read_yaml):
        accounts.read(document, (), document.value)
    names = None if config.account_http_sd else accounts.names
    containers = ContainerReader(report, names, listed)
    for document in named.read("container_files", config.container_files, read_json):
        containers.read(document)
    settings = replace(
        _settings(config, accounts.accounts, containers.entries),
        others=accounts.others,
        store=_store(config.store or StoreSettings(), main.folder),
        account_files_read=account_files.signature(),
        container_files_read=container_files.signature(),
    )
    return replace(settings, warnings=(*secrets.warnings(), *cautions(settings)))


@dataclass(frozen=True, slots=True)
class _NamedFiles:
    """The files that the main file names by patterns."""

    main: Document
    report: Report

    def read(
        self, key: str, patterns: tuple[str, ...], reader: Callable[[Path], Document]
    ) -> Iterator[Document]:
        for index, pattern in enumerate(patterns):
            literal = literal_path(pattern)
            if literal is not None and not matching_files([pattern]):
                self.report.add(self.main, (key, index), f"{literal}: there is no such file")
        for file in matching_files(patterns):
            document = self.report.read(reader, self._as_named(file))
            if document is not None:
                yield document

    def _as_named(self, file: Path) -> Path:
        """Return the path as it would be typed beside the main file's."""
        if not file.is_relative_to(self.main.folder):
            return file
        return self.main.file.parent / file.relative_to(self.main.folder)


def _settings(
    config: ConfigFile, accounts: list[AccountSettings], containers: tuple[ContainerEntry, ...]
) -> Settings:
    return Settings(
        accounts=tuple(accounts),
        api=config.api,
        polling=config.polling,
        containers=config.containers,
        container_api=config.container_api,
        store_configured=config.store is not None,
        account_http_sd=config.account_http_sd,
        account_files=config.account_files,
        container_files=config.container_files,
        container_entries=containers,
    )


def _store(store: StoreSettings, folder: Path) -> StoreSettings:
    return replace(store, url=absolute_store_url(store.url, folder))
