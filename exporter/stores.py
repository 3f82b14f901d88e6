"""The store that the configuration names, opened: or none, where it can be done without."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import structlog

from exporter.clock import Clock
from exporter.config.settings import Settings
from exporter.containers.claims import ClaimTable
from exporter.containers.holder import Holder
from exporter.containers.news import CHANNEL, News
from exporter.containers.ownership import Ownership, SharedOwnership, SoleOwnership
from exporter.containers.registry import ContainerObserver, ContainerRegistry
from exporter.containers.shared import SharedContainers
from exporter.containers.sharing import Sharing
from exporter.containers.store import ContainerStore
from exporter.containers.tracked import TrackedContainers
from exporter.containers.trouble import StoreError
from exporter.scheduling.sharding import Shard
from exporter.secret import Redactor, Secret

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenStore:
    """What is kept of the containers: for polls, and for publishers.

    `ownership` says which accounts are this process's; with `sharing` others have the rest.
    """

    containers: ContainerRegistry
    tracked: TrackedContainers
    ownership: Ownership
    sharing: Sharing | None = None


def open_store(
    settings: Settings,
    clock: Clock,
    redactor: Redactor,
    observer: ContainerObserver,
    shard: Shard,
) -> OpenStore:
    """Return the store with all that it holds; raises StoreError where one is needed.

    Where nothing can be tracked it is for the call budget alone, which may be in memory too.
    """
    store = _store(settings, redactor)
    registry = ContainerRegistry(store, clock, observer)
    try:
        registry.open()
    except StoreError as error:
        registry.close()
        if settings.needs_store:
            raise
        observer.store_failed(error.kind)
        _log.warning("the call budget will not outlive this process", problem=str(error))
        return _alone(ContainerRegistry(None, clock, observer))
    holder = Holder(shard.ordinal, shard.total, settings.store.lease)
    return _shared(store, registry, holder, clock) or _alone(registry)


def _alone(registry: ContainerRegistry) -> OpenStore:
    return OpenStore(registry, registry, SoleOwnership())


def _shared(
    store: ContainerStore,
    registry: ContainerRegistry,
    holder: Holder,
    clock: Clock,
) -> OpenStore | None:
    """Return the store with this process's part of it, None where it is all this process's."""
    ownership = SharedOwnership(ClaimTable(store.transaction), holder, registry, clock)
    news = News(store.transaction)
    tracked = SharedContainers(
        store,
        news,
        clock,
        max_tracked=lambda: registry.max_tracked,
        failed=registry.store_failed,
    )
    listener = store.listener(CHANNEL, lambda payload: payload == str(ownership.epoch))
    if listener is None:
        return None
    return OpenStore(registry, tracked, ownership, Sharing(ownership, registry, news, listener))


def _store(settings: Settings, redactor: Redactor) -> ContainerStore:
    password = settings.store.password.read() if settings.store.password else None
    in_url = urlsplit(settings.store.url).password
    for secret in (password, Secret(unquote(in_url)) if in_url else None):
        if secret is not None:
            redactor.add(secret)
    return ContainerStore(settings.store.url, password=password)
