from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from types import MappingProxyType

from exporter.domain import AccountIdentity
from exporter.observations.model import AccountObservation

Change = Callable[[AccountObservation], AccountObservation]


class Observations:
    """What was last seen of each configured account; readers take no lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._accounts: dict[str, AccountObservation] = {}
        self._view = MappingProxyType(self._accounts)
        self._changed: set[str] = set()
        self._unpolled: set[str] = set()

    @property
    def unpolled(self) -> int:
        """How many accounts were never polled."""
        return len(self._unpolled)

    def view(self) -> Mapping[str, AccountObservation]:
        """Return the accounts by name.

        Its values move on, its keys stay: another mapping is returned once accounts are added or
        removed.
        """
        return self._view

    def take_changed(self) -> Collection[str]:
        """Return the accounts that changed since this was last called."""
        if not self._changed:
            return ()
        with self._lock:
            changed, self._changed = self._changed, set()
        return changed

    def keep_only(self, identities: Iterable[AccountIdentity]) -> None:
        """Hold these accounts from now on: new ones unseen, known ones with their history."""
        with self._lock:
            known = self._accounts
            self._accounts = {
                identity.name: _identified(known.get(identity.name), identity)
                for identity in identities
            }
            self._changed |= {
                name for name, seen in self._accounts.items() if known.get(name) is not seen
            }
            self._unpolled = {name for name, seen in self._accounts.items() if not seen.is_polled}
            self._view = MappingProxyType(self._accounts)

    def change(self, name: str, change: Change) -> None:
        """Replace an account's observation, unless the change returns the same.

        Nothing happens for an account that was removed meanwhile.
        """
        with self._lock:
            observation = self._accounts.get(name)
            if observation is None or (changed := change(observation)) is observation:
                return
            self._accounts[name] = changed
            self._changed.add(name)
            if changed.is_polled:
                self._unpolled.discard(name)


def _identified(known: AccountObservation | None, identity: AccountIdentity) -> AccountObservation:
    if known is None:
        return AccountObservation(identity)
    return known if known.identity == identity else replace(known, identity=identity)
