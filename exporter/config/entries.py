"""What the files hold, before tokens are looked up and account files are merged."""

from dataclasses import dataclass, field

from exporter.config.fields import (
    ContainerIds,
    FilePath,
    FilePattern,
    InlineToken,
    LabelName,
    Name,
    NotFromRemote,
    Text,
    Timestamp,
    UserId,
    VariableName,
)
from exporter.config.section import Section
from exporter.config.settings import (
    AccountHttpSd,
    ApiSettings,
    ContainerApiSettings,
    ContainerSettings,
    PollingSettings,
    StoreSettings,
)
from exporter.secret import EnvironmentSecret, FileSecret, InlineSecret, SecretSource


@dataclass(frozen=True, slots=True)
class AccountEntry(Section):
    name: Name
    user_id: UserId = "me"
    access_token_file: FilePath | None = None
    access_token_env: VariableName | None = None
    access_token: InlineToken | None = None
    token_expires_at: Timestamp | None = None
    app: Text = ""
    labels: dict[LabelName, Text] = field(default_factory=dict)
    containers: ContainerIds = ()

    @property
    def token_sources(self) -> dict[str, SecretSource]:
        """Where the token is, by the key that says so; a right entry has exactly one."""
        sources: dict[str, SecretSource] = {}
        if self.access_token_file is not None:
            sources["access_token_file"] = FileSecret(self.access_token_file)
        if self.access_token_env is not None:
            sources["access_token_env"] = EnvironmentSecret(self.access_token_env)
        if self.access_token is not None:
            sources["access_token"] = InlineSecret(self.access_token)
        return sources


@dataclass(frozen=True, slots=True)
class DiscoveredEntry(AccountEntry):
    """What a source of `account_http_sd` tells of an account."""

    access_token_file: NotFromRemote = None
    access_token_env: NotFromRemote = None


@dataclass(frozen=True, slots=True)
class ConfigFile(Section):
    """The main file; its accounts are validated one by one, as those of account files are.

    `store` is None where the file says nothing of it, which `Settings.needs_store` asks about.
    """

    api: ApiSettings = field(default_factory=ApiSettings)
    accounts: tuple[object, ...] = ()
    account_files: tuple[FilePattern, ...] = ()
    account_http_sd: tuple[AccountHttpSd, ...] = ()
    container_files: tuple[FilePattern, ...] = ()
    polling: PollingSettings = field(default_factory=PollingSettings)
    container_api: ContainerApiSettings = field(default_factory=ContainerApiSettings)
    containers: ContainerSettings = field(default_factory=ContainerSettings)
    store: StoreSettings | None = None
