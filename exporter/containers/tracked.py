from collections.abc import Collection, Sequence
from typing import Protocol

from exporter.containers.record import ContainerRecord
from exporter.domain import ContainerStatus


class TrackedContainers(Protocol):
    """The containers as publishers see them; each method raises StoreError."""

    def register_each(
        self, requests: Sequence[Sequence[tuple[str, str]]]
    ) -> Sequence[Sequence[bool] | Exception]:
        """Track the containers of each request, all or none; tell which of them are new.

        What a request failed with is returned: ForeignContainerError, CapacityError, StoreError.
        """
        ...

    def get_each(self, ids: Collection[str]) -> Sequence[ContainerRecord]:
        """Return those of the containers that are known, in their order."""
        ...

    def find(
        self, *, limit: int, after: str, account: str | None, status: ContainerStatus | None
    ) -> Sequence[ContainerRecord]:
        """Return the first matches with an id past that one, ids ordered as ASCII text."""
        ...

    def remove(self, container_id: str) -> ContainerRecord | None:
        """Track a container no longer; return it as it was, None if unknown."""
        ...

    def count_report(self, account: str, error: str) -> None:
        """Count an error that a publisher met."""
        ...
