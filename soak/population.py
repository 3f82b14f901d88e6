"""The accounts of a run: the same on both sides, in Meta's world and in the configuration."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from exporter.simulator.state import FIRST_USER_ID
from soak.scale import APPS, Scale

_ACCOUNTS_PER_FILE = 1000


class Kind(Enum):
    PLAIN = "account"
    ROTATING = "rotating"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Account:
    number: int
    kind: Kind

    @property
    def name(self) -> str:
        return f"{self.kind.value}-{self.number:06d}"

    @property
    def token(self) -> str:
        return f"soak-token-{self.number:06d}"

    @property
    def user_id(self) -> str:
        return str(FIRST_USER_ID + self.number)

    @property
    def app(self) -> int:
        return self.number % APPS


def population(scale: Scale) -> Sequence[Account]:
    return [
        *_some(0, scale.rotating, Kind.ROTATING),
        *_some(scale.rotating, scale.guests, Kind.GUEST),
        *_some(
            scale.rotating + scale.guests,
            scale.accounts - scale.rotating - scale.guests,
            Kind.PLAIN,
        ),
    ]


def _some(first: int, count: int, kind: Kind) -> Iterator[Account]:
    return (Account(number, kind) for number in range(first, first + count))


@dataclass(frozen=True, slots=True)
class Files:
    """The accounts' files in a folder; each is replaced as a whole."""

    folder: Path

    def write(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            if account.kind is Kind.ROTATING:
                self.write_token(account, account.token)
        lasting = [account for account in accounts if account.kind is not Kind.GUEST]
        for first in range(0, len(lasting), _ACCOUNTS_PER_FILE):
            part = lasting[first : first + _ACCOUNTS_PER_FILE]
            self._replace(self.folder / f"accounts/{first:06d}.yaml", part)
        self.write_guests([account for account in accounts if account.kind is Kind.GUEST])

    def write_guests(self, guests: Sequence[Account]) -> None:
        self._replace(self.folder / "accounts/guests.yaml", guests)

    def write_token(self, account: Account, token: str) -> None:
        _write(self._token_file(account), f"{token}\n")

    def _token_file(self, account: Account) -> Path:
        return self.folder / "tokens" / account.name

    def _replace(self, file: Path, accounts: Sequence[Account]) -> None:
        _write(file, json.dumps([self._entry(account) for account in accounts]))

    def _entry(self, account: Account) -> dict[str, str]:
        entry = {"name": account.name, "user_id": account.user_id, "app": f"app-{account.app}"}
        if account.kind is Kind.ROTATING:
            return {**entry, "access_token_file": str(self._token_file(account))}
        return {**entry, "access_token": account.token}


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(content, "ascii")
    unfinished.chmod(0o600)
    unfinished.replace(file)
