"""The running configuration as YAML, for people: defaults filled in, secrets masked."""

from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import yaml

from exporter.config.durations import format_duration
from exporter.config.problems import printable
from exporter.config.section import Section, section_keys
from exporter.config.settings import AccountSettings, Settings
from exporter.config.urls import mask_url
from exporter.secret import MASK, EnvironmentSecret, FileSecret, SecretSource

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_SECTIONS = (
    "api",
    "account_files",
    "account_http_sd",
    "container_files",
    "polling",
    "container_api",
    "containers",
    "store",
)


def show_settings(settings: Settings) -> str:
    """Return YAML; every account follows a comment that names its file."""
    return f"{_sections(settings)}{_accounts(settings.accounts)}"


def _sections(settings: Settings) -> str:
    return _dump({key: _shown(getattr(settings, key)) for key in _SECTIONS})


def _accounts(accounts: tuple[AccountSettings, ...]) -> str:
    if not accounts:
        return "accounts: []\n"
    parts = ["accounts:\n"]
    for source, group in groupby(accounts, key=attrgetter("source")):
        parts.append(f"# {printable(str(source))}\n")
        parts.append(_dump([_account(account) for account in group]))
    return "".join(parts)


def _account(account: AccountSettings) -> dict[str, object]:
    shown: dict[str, object] = {"name": account.name, "user_id": account.user_id}
    shown.update(_token(account.token))
    if account.token_expires_at is not None:
        moment = datetime.fromtimestamp(account.token_expires_at, UTC)
        shown["token_expires_at"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    optional = {
        "app": account.app,
        "labels": dict(account.labels),
        "containers": list(account.containers),
    }
    return shown | {key: value for key, value in optional.items() if value}


def _token(source: SecretSource) -> dict[str, object]:
    match source:
        case FileSecret(path):
            return {"access_token_file": str(path)}
        case EnvironmentSecret(variable):
            return {"access_token_env": variable}
        case _:
            return {"access_token": MASK}


def _shown(value: object) -> object:
    match value:
        case Section():
            items = ((key, getattr(value, key)) for key in section_keys(type(value)))
            return {key: _shown(item) for key, item in items if item is not None}
        case tuple():
            return [_shown(item) for item in value]
        case float():
            return format_duration(value)
        case str() | Path():
            return mask_url(str(value), MASK)
        case _:
            return value


def _dump(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
