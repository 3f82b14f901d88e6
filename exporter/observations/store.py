from collections.abc import Callable, Iterable, Mapping
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

    def view(self) -> Mapping[str, AccountObservation]:
        """Return the accounts by name; its values move on, its keys stay as they are."""
        return MappingProxyType(self._accounts)

    def keep_only(self, identities: Iterable[AccountIdentity]) -> None:
        """Hold these accounts from now on: new ones unseen, known ones with their history."""
        with self._lock:
            known = self._accounts
            self._accounts = {
                identity.name: replace(known[identity.name], identity=identity)
                if identity.name in known
                else AccountObservation(identity)
                for identity in identities
            }

    def change(self, name: str, change: Change) -> None:
        """Replace an account's observation; nothing happens for one that was removed meanwhile."""
        with self._lock:
            observation = self._accounts.get(name)
            if observation is not None:
                self._accounts[name] = change(observation)
