"""The containers as publishers see them where several processes have one store: all of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import compress
from math import inf

from sqlalchemy import ColumnElement, func, select

from exporter.clock import Clock
from exporter.containers import lifecycle
from exporter.containers.news import News
from exporter.containers.record import ContainerRecord, Source
from exporter.containers.registry import CapacityError, ForeignContainerError
from exporter.containers.rows import CountKind, record_of
from exporter.containers.schema import containers
from exporter.containers.store import ContainerStore
from exporter.containers.trouble import StoreError
from exporter.domain import ContainerOutcome, ContainerStatus, StoreTrouble

_COUNT_HOLDS_SECONDS = 5.0

_IS_THERE = containers.c.outcome.is_distinct_from(ContainerOutcome.REMOVED.value)


class SharedContainers:
    """Reads and changes the store; who polls the account hears of it from there.

    Each method raises StoreError.
    """

    def __init__(
        self,
        store: ContainerStore,
        news: News,
        clock: Clock,
        *,
        max_tracked: Callable[[], int],
        failed: Callable[[StoreTrouble], object],
    ) -> None:
        """Have `failed` told of each time that the store fails a registration."""
        self._store = store
        self._news = news
        self._clock = clock
        self._max_tracked = max_tracked
        self._failed = failed
        self._tracked = 0
        self._counted_at = -inf

    def register_each(
        self, requests: Sequence[Sequence[tuple[str, str]]]
    ) -> Sequence[Sequence[bool] | Exception]:
        return [self._outcome(containers) for containers in requests]

    def _outcome(self, containers: Sequence[tuple[str, str]]) -> Sequence[bool] | Exception:
        try:
            return self._register(containers)
        except StoreError as error:
            self._failed(error.kind)
            return error
        except (ForeignContainerError, CapacityError, ValueError) as error:
            return error

    def _register(self, wanted: Sequence[tuple[str, str]]) -> Sequence[bool]:
        now = self._clock.wall()
        records = [
            lifecycle.registered(account, container_id, Source.API, now)
            for account, container_id in wanted
        ]
        with self._store.together():
            new = self._store.register(records)
            is_new = [container_id in new for _, container_id in wanted]
            self._check_owners({key: account for account, key in wanted if key not in new})
            if new:
                self._require_room(len(new))
                self._news.post({account for account, _ in compress(wanted, is_new)})
        return is_new

    def _check_owners(self, known: Mapping[str, str]) -> None:
        for record in self.get_each(known):
            if record.account != known[record.container_id]:
                raise ForeignContainerError(record.container_id)

    def _require_room(self, added: int) -> None:
        """Raise CapacityError where too many are tracked with those that were just added."""
        now = self._clock.monotonic()
        is_old = now >= self._counted_at + _COUNT_HOLDS_SECONDS
        self._tracked += added
        if is_old or self._tracked > self._max_tracked():
            self._tracked, self._counted_at = self._count_tracked(), now
        if self._tracked > self._max_tracked():
            raise CapacityError

    def _count_tracked(self) -> int:
        tracked = select(func.count()).where(containers.c.outcome.is_(None))
        with self._store.transaction() as connection:
            return connection.scalar(tracked) or 0

    def get_each(self, ids: Collection[str]) -> Sequence[ContainerRecord]:
        """Return those of the containers that are known, in their order."""
        found = {
            record.container_id: record
            for record in self._select(containers.c.container_id.in_(ids))
        }
        return [found[container_id] for container_id in ids if container_id in found]

    def find(
        self, *, limit: int, after: str, account: str | None, status: ContainerStatus | None
    ) -> Sequence[ContainerRecord]:
        """Return the first so many with an id past that one, in the order of ids."""
        wanted = [containers.c.container_id > after]
        if account is not None:
            wanted.append(containers.c.account == account)
        if status is not None:
            wanted.append(containers.c.status == status.value)
        return self._select(*wanted, limit=limit)

    def _select(
        self, *wanted: ColumnElement[bool], limit: int | None = None
    ) -> Sequence[ContainerRecord]:
        query = select(containers).where(_IS_THERE, *wanted)
        query = query.order_by(containers.c.container_id).limit(limit)
        with self._store.transaction() as connection:
            return [record_of(row) for row in connection.execute(query).mappings()]

    def remove(self, container_id: str) -> ContainerRecord | None:
        """Track a container no longer; return it as it was, None if unknown."""
        with self._store.together():
            record = next(iter(self.get_each([container_id])), None)
            if record is not None and record.is_tracked:
                self._store.save([lifecycle.removed(record, self._clock.wall())], anyones=True)
                self._news.post([record.account])
        return record

    def count_report(self, account: str, error: str) -> None:
        """Count an error that a publisher met."""
        with self._store.together():
            self._store.count(account, CountKind.REPORTED, error)
            self._news.post([account])
