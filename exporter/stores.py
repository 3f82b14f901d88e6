"""The store that the configuration names, opened: or none, where it can be done without."""

from urllib.parse import unquote, urlsplit

import structlog

from exporter.clock import Clock
from exporter.config.settings import Settings
from exporter.containers.registry import ContainerObserver, ContainerRegistry
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.secret import Redactor, Secret

_log = structlog.get_logger(__name__)


def open_containers(
    settings: Settings, clock: Clock, redactor: Redactor, observer: ContainerObserver
) -> ContainerRegistry:
    """Return the containers that are known; raises StoreError where a store is needed.

    Where nothing can be tracked it is for the call budget alone, which may be in memory too.
    """
    registry = ContainerRegistry(_store(settings, redactor), clock, observer)
    try:
        registry.open()
    except StoreError as error:
        registry.close()
        if settings.needs_store:
            raise
        observer.store_failed(error.kind)
        _log.warning("the call budget will not outlive this process", problem=str(error))
        return ContainerRegistry(None, clock, observer)
    return registry


def _store(settings: Settings, redactor: Redactor) -> ContainerStore:
    password = settings.store.password.read() if settings.store.password else None
    in_url = urlsplit(settings.store.url).password
    for secret in (password, Secret(unquote(in_url)) if in_url else None):
        if secret is not None:
            redactor.add(secret)
    return ContainerStore(settings.store.url, password=password)
