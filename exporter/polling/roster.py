"""The accounts that are polled, as the configuration and their token files say."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import structlog

from exporter.config.settings import AccountSettings
from exporter.polling.account import PolledAccount
from exporter.polling.held_token import HeldToken
from exporter.secret import Redactor, SecretSource, SecretUnreadableError, WatchedSecret
from exporter.token_troubles import TokenTroubles

_log = structlog.get_logger(__name__)


class Roster:
    """Knows each account's token of the moment, and tells the redactor of every one."""

    def __init__(self, redactor: Redactor, troubles: TokenTroubles) -> None:
        self._redactor = redactor
        self._troubles = troubles
        self._settings: dict[str, AccountSettings] = {}
        self._inspector_source: SecretSource | None = None
        self.inspector: HeldToken | None = None
        self.accounts: Mapping[str, PolledAccount] = MappingProxyType({})

    def adopt(
        self, settings: Sequence[AccountSettings], inspector: SecretSource | None
    ) -> Collection[str]:
        """Poll these accounts from now on; return those of which nothing known holds any more.

        Raises SecretUnreadableError and then changes nothing.
        """
        accounts = {item.name: self._known(item) or self._join(item) for item in settings}
        if inspector != self._inspector_source:
            self.inspector = self._hold(inspector) if inspector else None
            self._inspector_source = inspector
            self._forget_refusals()
        fresh = [name for name, account in accounts.items() if account is not self._former(name)]
        for name, former in self.accounts.items():
            former.retired = accounts.get(name) is not former
        for item in settings:
            accounts[item.name].identify(item.identity)
        self._settings = {item.name: item for item in settings}
        self.accounts = MappingProxyType(accounts)
        return fresh

    def _former(self, name: str) -> PolledAccount | None:
        return self.accounts.get(name)

    def _known(self, new: AccountSettings) -> PolledAccount | None:
        """Return the account as it is polled now, if it is still the same user and token."""
        old = self._settings.get(new.name)
        same = old is not None and (old.user_id, old.token, old.token_expires_at) == (
            new.user_id,
            new.token,
            new.token_expires_at,
        )
        return self._former(new.name) if same else None

    def _join(self, settings: AccountSettings) -> PolledAccount:
        token = self._hold(settings.token)
        return PolledAccount(settings.identity, token, settings.token_expires_at)

    def _hold(self, source: SecretSource) -> HeldToken:
        held = HeldToken(WatchedSecret(source))
        self._redactor.add(held.current)
        return held

    def refresh_tokens(self) -> Collection[str]:
        """Read changed token files; return the accounts that have a new token."""
        if self.inspector and self._refresh(self.inspector, "polling.token.inspector_token_file"):
            self._forget_refusals()
        fresh = [
            name
            for name, account in self.accounts.items()
            if self._refresh(account.token, f"account {name}")
        ]
        for name in fresh:
            self.accounts[name].forget_refusals()
        return fresh

    def _forget_refusals(self) -> None:
        for account in self.accounts.values():
            account.forget_refusals()

    def _refresh(self, token: HeldToken, owner: str) -> bool:
        try:
            changed = token.refresh()
        except SecretUnreadableError as error:
            self._troubles.met(owner, error)
            return False
        self._troubles.over(owner)
        if changed:
            self._redactor.add(token.current)
            _log.info("token replaced", owner=owner)
        return changed
