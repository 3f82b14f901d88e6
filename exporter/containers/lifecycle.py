"""What each event makes of a tracked container: when it is asked about next, and how it ends.

A container is asked about once an interval until `give_up_after`. One that is still unfinished
then counts as given up, and is asked about at the `later_asks`, since it may yet fail or expire.
One that is FINISHED waits for its publication at that slow pace from the start.

Source: https://developers.facebook.com/docs/threads/troubleshooting recommends asking once per
minute, for no more than 5 minutes, and tells that a container expires after 24 hours.
"""

from dataclasses import dataclass, replace

from exporter.containers.record import ContainerRecord, Source
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)

_ENDS = {
    ContainerStatus.PUBLISHED: ContainerOutcome.PUBLISHED,
    ContainerStatus.ERROR: ContainerOutcome.ERROR,
    ContainerStatus.EXPIRED: ContainerOutcome.EXPIRED,
}
_PROCESSED = frozenset({ContainerStatus.FINISHED, ContainerStatus.ERROR})


@dataclass(frozen=True, slots=True)
class LifecycleRules:
    """When a container is asked about; `later_asks`, the last of them the end, are ages."""

    interval: float = 60.0
    give_up_after: float = 300.0
    later_asks: tuple[float, ...] = (900.0, 3_600.0, 21_600.0, 86_400.0)
    lost_after: float = 3_600.0

    @property
    def patience(self) -> float:
        return self.later_asks[-1]


@dataclass(frozen=True, slots=True)
class Step:
    """What one event made of a container, and what there is to count for it.

    `processed` is there once in a container's life: when it is first seen FINISHED or ERROR, with
    the seconds since its registration.
    """

    record: ContainerRecord
    outcomes: tuple[ContainerOutcome, ...] = ()
    error_message: ContainerErrorMessage | None = None
    processed: tuple[ContainerStatus, float] | None = None


def registered(account: str, container_id: str, source: Source, now: float) -> ContainerRecord:
    return ContainerRecord(account, container_id, source, registered_at=now, next_ask_at=now)


def answered(
    record: ContainerRecord, state: ContainerState, now: float, rules: LifecycleRules
) -> Step:
    """Take Meta's answer."""
    if not record.is_tracked:
        return Step(record)
    record = replace(rebased(record, now), state=state, unknown_to_meta=False, asked_at=now)
    processed = None
    if state.status in _PROCESSED and record.processed_at is None:
        record = replace(record, processed_at=now)
        processed = (state.status, now - record.registered_at)
    end = _ENDS.get(state.status)
    if end is not None:
        return Step(_ended(record, end, now), (end,), state.error_message, processed)
    return replace(_wait(record, now, rules), processed=processed)


def unknown_to_meta(record: ContainerRecord, now: float, rules: LifecycleRules) -> Step:
    """Take that Meta does not know the id: not yet, or no longer."""
    if not record.is_tracked:
        return Step(record)
    record = replace(rebased(record, now), unknown_to_meta=True, asked_at=now)
    if _has_age(record, rules.lost_after, now):
        return _end(record, ContainerOutcome.LOST, now)
    return _wait(record, now, rules)


def unanswered(record: ContainerRecord, now: float, rules: LifecycleRules) -> Step:
    """Take that the call failed, or could not be made: nothing was learnt of the container."""
    if not record.is_tracked:
        return Step(record)
    return _wait(replace(rebased(record, now), asked_at=now), now, rules)


def removed(record: ContainerRecord, now: float) -> Step:
    if not record.is_tracked:
        return Step(record)
    return _end(rebased(record, now), ContainerOutcome.REMOVED, now)


def rebased(record: ContainerRecord, now: float) -> ContainerRecord:
    """Return a tracked container with its times moved back as far as the clock was.

    Nothing was asked later than now. Without this a container would be asked about at the pace
    of a young one, or not at all, until the clock is where it was before.
    """
    latest = max(record.registered_at, record.asked_at or record.registered_at)
    if latest <= now or not record.is_tracked:
        return record
    ahead = latest - now
    return replace(
        record,
        registered_at=record.registered_at - ahead,
        asked_at=_moved_back(record.asked_at, ahead),
        next_ask_at=_moved_back(record.next_ask_at, ahead),
        processed_at=_moved_back(record.processed_at, ahead),
    )


def _moved_back(moment: float | None, seconds: float) -> float | None:
    return None if moment is None else moment - seconds


def _wait(record: ContainerRecord, now: float, rules: LifecycleRules) -> Step:
    if _has_age(record, rules.patience, now):
        lost = record.unknown_to_meta
        return _end(record, ContainerOutcome.LOST if lost else ContainerOutcome.GAVE_UP, now)
    waiting = replace(record, next_ask_at=_next_ask(record, now, rules))
    if record.gave_up or not _is_overdue(record, now, rules):
        return Step(waiting)
    return Step(replace(waiting, gave_up=True), (ContainerOutcome.GAVE_UP,))


def _next_ask(record: ContainerRecord, now: float, rules: LifecycleRules) -> float:
    soonest = now + rules.interval
    if not (_is_finished(record) or _has_age(record, rules.give_up_after, now)):
        return soonest
    later = (record.registered_at + age for age in rules.later_asks)
    return max(soonest, next(moment for moment in later if moment > now))


def _is_overdue(record: ContainerRecord, now: float, rules: LifecycleRules) -> bool:
    asked_in_vain = not (record.unknown_to_meta or _is_finished(record))
    return asked_in_vain and _has_age(record, rules.give_up_after, now)


def _is_finished(record: ContainerRecord) -> bool:
    return record.state.status is ContainerStatus.FINISHED and not record.unknown_to_meta


def _has_age(record: ContainerRecord, age: float, now: float) -> bool:
    # A difference of two times would be off by a rounding from the ask that was set for this age.
    return now >= record.registered_at + age


def _end(record: ContainerRecord, outcome: ContainerOutcome, now: float) -> Step:
    counted_before = outcome is ContainerOutcome.GAVE_UP and record.gave_up
    return Step(_ended(record, outcome, now), () if counted_before else (outcome,))


def _ended(record: ContainerRecord, outcome: ContainerOutcome, now: float) -> ContainerRecord:
    gave_up = record.gave_up or outcome is ContainerOutcome.GAVE_UP
    return replace(record, outcome=outcome, ended_at=now, next_ask_at=None, gave_up=gave_up)
