"""The configuration as the rest of the exporter sees it.

Durations are seconds, times are Unix seconds, paths are absolute. Made by `load_settings`; made
directly, as tests do, nothing is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from exporter.config.fields import (
    BaseUrl,
    Boolean,
    ContainerId,
    DiscoveryUrl,
    FilePath,
    Name,
    ProxyUrl,
    StoreUrl,
    duration,
    whole_number,
)
from exporter.config.section import Section
from exporter.domain import AccountIdentity
from exporter.secret import FileSecret, SecretSource


class AuthMode(StrEnum):
    """How a token travels: in the Authorization header, or as the parameter access_token."""

    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class ApiSettings(Section):
    base_url: BaseUrl = "https://graph.threads.net/v1.0"
    timeout: Annotated[float, duration("100ms", "60s")] = 10.0
    auth: AuthMode = AuthMode.HEADER
    ca_file: FilePath | None = None
    proxy_url: ProxyUrl | None = None


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """An account to poll; `source` is the file that configures it."""

    name: str
    token: SecretSource
    user_id: str = "me"
    token_expires_at: int | None = None
    app: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    containers: tuple[str, ...] = ()
    source: Path = Path()

    @property
    def identity(self) -> AccountIdentity:
        return AccountIdentity(self.name, self.user_id, self.app, self.labels)


@dataclass(frozen=True, slots=True)
class AccountHttpSd(Section):
    url: DiscoveryUrl
    refresh_interval: Annotated[float, duration("1s", "1d")] = 60.0
    authorization_file: FilePath | None = None
    ca_file: FilePath | None = None

    @property
    def authorization(self) -> SecretSource | None:
        return FileSecret(self.authorization_file) if self.authorization_file else None


@dataclass(frozen=True, slots=True)
class QuotaPollSettings(Section):
    interval: Annotated[float, duration("1s", "1d")] = 60.0


@dataclass(frozen=True, slots=True)
class TokenPollSettings(Section):
    interval: Annotated[float, duration("1s", "1w")] = 3600.0
    inspector_token_file: FilePath | None = None

    @property
    def inspector(self) -> SecretSource | None:
        """The token that asks debug_token; None means the account's own."""
        return FileSecret(self.inspector_token_file) if self.inspector_token_file else None


@dataclass(frozen=True, slots=True)
class ContainerPollSettings(Section):
    interval: Annotated[float, duration("1s", "1d")] = 60.0
    give_up_after: Annotated[float, duration("1s", "1w")] = 300.0


@dataclass(frozen=True, slots=True)
class PollingSettings(Section):
    quota: QuotaPollSettings = QuotaPollSettings()
    token: TokenPollSettings = TokenPollSettings()
    containers: ContainerPollSettings = ContainerPollSettings()
    stale_after: Annotated[float, duration("1s", "1w")] = 300.0
    call_budget: Annotated[int, whole_number(1, 100_000_000)] = 2400
    max_in_flight: Annotated[int, whole_number(1, 256)] = 32


@dataclass(frozen=True, slots=True)
class ContainerApiSettings(Section):
    token_file: FilePath | None = None

    @property
    def token(self) -> SecretSource | None:
        """What callers of the registration API must present; None means that it is off."""
        return FileSecret(self.token_file) if self.token_file else None


@dataclass(frozen=True, slots=True)
class ContainerSettings(Section):
    per_container_metrics: Boolean = False
    max_tracked: Annotated[int, whole_number(1, 1_000_000)] = 10_000
    retention: Annotated[float, duration("1m", "1y")] = 86_400.0


@dataclass(frozen=True, slots=True)
class StoreSettings(Section):
    """Where tracked containers are kept; the URL may hold a password, so it is not in the repr."""

    url: StoreUrl = field(default="sqlite:///threads-exporter.db", repr=False)
    password_file: FilePath | None = None
    lease: Annotated[float, duration("10s", "10m")] = 30.0

    @property
    def password(self) -> SecretSource | None:
        """The password of a PostgreSQL URL without one; None means that it needs none."""
        return FileSecret(self.password_file) if self.password_file else None


@dataclass(frozen=True, slots=True)
class ContainerEntry(Section):
    """A container that a container file lists."""

    account: Name
    container_id: ContainerId


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration.

    `accounts` are those of this shard, `others` where the names of the rest stand; `account_files`
    and `container_files` are absolute globs, and `…_read` what `files_signature` said of them as
    they were read, None if they changed meanwhile; `warnings` is what an operator should know
    though it is no error; `store_configured` tells whether a file says anything of the store.
    """

    accounts: tuple[AccountSettings, ...] = ()
    others: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    api: ApiSettings = ApiSettings()
    polling: PollingSettings = PollingSettings()
    containers: ContainerSettings = ContainerSettings()
    container_api: ContainerApiSettings = ContainerApiSettings()
    store: StoreSettings = StoreSettings()
    store_configured: bool = False
    account_http_sd: tuple[AccountHttpSd, ...] = ()
    account_files: tuple[str, ...] = ()
    container_files: tuple[str, ...] = ()
    container_entries: tuple[ContainerEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    account_files_read: object = field(default=None, compare=False, repr=False)
    container_files_read: object = field(default=None, compare=False, repr=False)

    def following(self, former: "Settings") -> "Settings":
        """Return the same, but keep the former accounts that are equal: new ones tear memory."""
        known = {account.name: account for account in former.accounts}
        accounts = (
            before if (before := known.get(account.name)) == account else account
            for account in self.accounts
        )
        return replace(self, accounts=tuple(accounts))

    @property
    def names(self) -> Mapping[str, str]:
        """Return the accounts' names, those of all shards, and where each stands."""
        return {**self.others, **{item.name: str(item.source) for item in self.accounts}}

    @property
    def needs_store(self) -> bool:
        """Whether containers can come to be tracked, or a store is wanted whatever comes."""
        return (
            self.store_configured
            or self.container_api.token is not None
            or bool(self.container_files)
            or any(account.containers for account in self.accounts)
        )
