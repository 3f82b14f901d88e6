"""Whatever happens to containers, none is lost from the count and none counts twice."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exporter.containers.tracker import ContainerTracker, TrackingRules
from exporter.domain import ContainerOutcome, ContainerState, ContainerStatus
from tests.clock import ControlledClock
from tests.containers.tracking import (
    EXPIRED,
    FAILED,
    FINISHED,
    IN_PROGRESS,
    OTHER,
    PUBLISHED,
    Processed,
)

RULES = TrackingRules(retention=float("inf"))
ENDS = {PUBLISHED, FAILED, EXPIRED}
ids = st.sampled_from(["1", "2", "3", "4"])
states = st.sampled_from([IN_PROGRESS, FINISHED, OTHER, *ENDS])


@dataclass
class Expected:
    """What must be true of a container that is listed, or has ended before it was not."""

    since: float
    status: ContainerStatus = ContainerStatus.PENDING
    is_open: bool = True


class Tracking(RuleBasedStateMachine):
    """`ended` counts the containers that ended while listed, published or not."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ControlledClock()
        self.processed = Processed()
        self.tracker = ContainerTracker(self.clock, self.processed)
        self.known: dict[str, Expected] = {}
        self.registered = self.ended = self.removed = self.unpublished = 0

    @rule(wanted=st.sets(ids))
    def list_containers(self, wanted: set[str]) -> None:
        for dropped in self.known.keys() - wanted:
            if self.known[dropped].is_open:
                del self.known[dropped]
                self.removed += 1
        new = wanted - self.known.keys()
        self.registered += len(new)
        self.known |= {item: Expected(self.clock.monotonic()) for item in new}
        assert bool(self.tracker.follow({"acme": sorted(wanted)}, RULES)) is bool(new)

    @rule(container_id=ids, state=states)
    def answer(self, container_id: str, state: ContainerState) -> None:
        container = self.known.get(container_id)
        if container and container.is_open:
            container.status = state.status
            container.is_open = state not in ENDS
            self.ended += state in ENDS
        self.tracker.answered("acme", container_id, state)

    @rule(container_id=ids, unknown=st.booleans())
    def leave_unanswered(self, container_id: str, *, unknown: bool) -> None:
        self.tracker.unanswered("acme", container_id, unknown_to_meta=unknown)

    @rule(seconds=st.sampled_from([1, 30, 54, 60, 299, 90_000]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def ask(self) -> None:
        for container in self.known.values():
            if container.is_open and self.clock.monotonic() - container.since >= 300:
                container.is_open = False
                self.ended += 1
                self.unpublished += container.status is ContainerStatus.FINISHED
        still_open = {item for item, container in self.known.items() if container.is_open}
        assert set(self.tracker.due("acme")) <= still_open

    @invariant()
    def each_is_open_or_has_ended_or_was_removed(self) -> None:
        still_open = sum(container.is_open for container in self.known.values())
        outcomes = self.tracker.summary("acme").outcomes
        assert self.registered == still_open + self.ended + self.removed
        assert outcomes.get(ContainerOutcome.REMOVED, 0) == self.removed
        assert sum(outcomes.values()) == self.ended - self.unpublished + self.removed
        assert self.tracker.has_open("acme") is (still_open > 0)

    @invariant()
    def each_known_one_counts_once(self) -> None:
        statuses = Counter(container.status for container in self.known.values())
        assert self.tracker.summary("acme").by_status == statuses

    @invariant()
    def each_failed_one_has_one_error_message(self) -> None:
        summary = self.tracker.summary("acme")
        failed = summary.outcomes.get(ContainerOutcome.ERROR, 0)
        assert sum(summary.errors.values()) == failed

    @invariant()
    def none_was_processed_twice(self) -> None:
        assert len(self.processed.noted) <= self.registered


TestTracking = Tracking.TestCase
TestTracking.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
