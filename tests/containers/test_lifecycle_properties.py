"""Whatever Meta answers, and whatever the clock does, a container's life keeps its promises."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.containers.lifecycle import (
    LifecycleRules,
    Step,
    answered,
    rebased,
    registered,
    removed,
    unanswered,
    unknown_to_meta,
)
from exporter.containers.record import ContainerRecord, Source
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)
from tests.containers.longest_gap import longest_gap

START = 1_790_000_000.125
RULES = LifecycleRules()
DAY = 86_400.0
# What a difference of two times of this age is rounded by.
ROUNDING = 1e-5

GOING_ON = (
    ContainerState(ContainerStatus.IN_PROGRESS),
    ContainerState(ContainerStatus.OTHER),
    ContainerState(ContainerStatus.FINISHED),
)
LAST = (
    ContainerState(ContainerStatus.PUBLISHED),
    ContainerState(ContainerStatus.EXPIRED),
    ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.UNKNOWN),
)
UNKNOWN, FAILURE, REMOVAL = "unknown", "failure", "removal"

Reply = ContainerState | str

replies = st.one_of(
    st.sampled_from(GOING_ON), st.just(UNKNOWN), st.just(FAILURE), st.sampled_from(GOING_ON)
)
any_reply = st.one_of(replies, st.sampled_from(LAST), st.just(REMOVAL))
steps_of_clock = st.one_of(st.just(0.0), st.floats(-3 * DAY, 0.0), st.floats(-90.0, 0.0))


def apply(record: ContainerRecord, reply: Reply, now: float) -> Step:
    if isinstance(reply, ContainerState):
        return answered(record, reply, now, RULES)
    if reply == UNKNOWN:
        return unknown_to_meta(record, now, RULES)
    return removed(record, now) if reply == REMOVAL else unanswered(record, now, RULES)


@dataclass
class Life:
    """A container that is asked about as soon as it is due, under a clock that may be changed."""

    record: ContainerRecord = field(
        default_factory=lambda: registered("acme", "1", Source.API, START)
    )
    elapsed: float = 0.0
    clock_error: float = 0.0
    asked: list[float] = field(default_factory=list)
    counted: list[ContainerOutcome] = field(default_factory=list)
    processed: int = 0

    @property
    def now(self) -> float:
        return START + self.elapsed + self.clock_error

    @property
    def due(self) -> float:
        assert self.record.next_ask_at is not None
        return self.record.next_ask_at

    def step_clock(self, seconds: float) -> None:
        self.clock_error += seconds
        self.record = rebased(self.record, self.now)

    def wait_until_due(self) -> None:
        wait = max(0.0, self.due - self.now)
        assert wait <= longest_gap(RULES) + ROUNDING
        self.elapsed += wait

    def take(self, reply: Reply, now: float) -> None:
        self.asked.append(self.elapsed)
        step = apply(self.record, reply, now)
        self.record = step.record
        self.counted += step.outcomes
        self.processed += step.processed is not None

    def live(self, replies: Sequence[Reply], clock: Sequence[float]) -> None:
        """Take the replies one after the other, the last of them for ever."""
        while self.record.is_tracked:
            turn = len(self.asked)
            assert turn < 10_000, "is asked about for ever"
            self.step_clock(clock[turn] if turn < len(clock) else 0.0)
            self.wait_until_due()
            # The sum of the times may be a rounding short of when the ask is due.
            self.take(replies[min(turn, len(replies) - 1)], max(self.now, self.due))


lists_of_replies = st.lists(replies, min_size=1, max_size=20)


@given(lists_of_replies)
def test_a_life_ends_within_a_day_and_an_interval(replies: list[Reply]) -> None:
    life = Life()

    life.live(replies, ())

    assert life.elapsed <= DAY + RULES.interval + ROUNDING
    assert life.record.outcome in {ContainerOutcome.GAVE_UP, ContainerOutcome.LOST}
    assert len(life.asked) <= 10


@given(lists_of_replies, st.lists(steps_of_clock, max_size=20))
def test_a_clock_set_back_brings_no_burst_and_no_silence(
    replies: list[Reply], clock: list[float]
) -> None:
    life = Life()

    life.live(replies, clock)

    gaps = [later - sooner for sooner, later in zip(life.asked, life.asked[1:], strict=False)]
    assert all(gap >= RULES.interval - ROUNDING for gap in gaps)
    lost_time = min(-sum(clock), len(clock) * longest_gap(RULES))
    assert life.elapsed <= DAY + RULES.interval + lost_time + ROUNDING


@given(lists_of_replies, st.lists(st.floats(-3 * DAY, 3 * DAY), max_size=20))
def test_a_clock_that_jumps_both_ways_brings_an_end_all_the_same(
    replies: list[Reply], clock: list[float]
) -> None:
    life = Life()

    life.live(replies, clock)

    assert not life.record.is_tracked
    assert len(life.asked) <= 10 + len(clock)


moments = st.lists(
    st.tuples(any_reply, st.floats(0.0, 2 * DAY), st.floats(-DAY, DAY)), min_size=1, max_size=30
)


@given(moments)
def test_whatever_happens_whenever_each_outcome_counts_once(
    events: list[tuple[Reply, float, float]],
) -> None:
    life = Life()

    for reply, wait, step in events:
        life.elapsed += wait
        life.step_clock(step)
        before = life.record
        life.take(reply, life.now)
        if not before.is_tracked:
            assert life.record == before
        elif life.record.is_tracked:
            assert life.record.asked_at is not None
            assert life.record.next_ask_at is not None
            gap = life.record.next_ask_at - life.record.asked_at
            assert RULES.interval - ROUNDING <= gap <= longest_gap(RULES) + ROUNDING

    ended = life.record.outcome
    assert max(Counter(life.counted).values(), default=1) == 1
    assert life.processed <= 1
    assert set(life.counted) - {ContainerOutcome.GAVE_UP} == ({ended} - {None, "gave_up"})
    assert (ContainerOutcome.GAVE_UP in life.counted) == life.record.gave_up
    assert (life.record.next_ask_at is None) == (ended is not None)
    assert (life.record.ended_at is None) == (ended is None)


@given(st.lists(moments, max_size=10))
def test_every_registered_container_is_tracked_or_has_one_end(
    lives: list[list[tuple[Reply, float, float]]],
) -> None:
    records = []
    counted: Counter[ContainerOutcome] = Counter()
    for number, events in enumerate(lives):
        life = Life(registered("acme", str(number), Source.API, START))
        for reply, wait, step in events:
            life.elapsed += wait
            life.step_clock(step)
            life.take(reply, life.now)
        records.append(life.record)
        counted.update(life.counted)

    ends = Counter(record.outcome for record in records if record.outcome)
    tracked = sum(record.is_tracked for record in records)
    assert len(lives) == tracked + ends.total()
    assert counted - Counter({ContainerOutcome.GAVE_UP: len(lives)}) == Counter(
        {outcome: number for outcome, number in ends.items() if outcome != "gave_up"}
    )


@pytest.mark.parametrize("seconds", [0.0, 0.1, 59.9, 60.1, 900.0, DAY, 3 * DAY])
def test_a_record_that_was_rebased_is_due_within_the_longest_gap(seconds: float) -> None:
    record = unanswered(registered("acme", "1", Source.API, START), START, RULES).record

    now = START - seconds
    due = rebased(record, now).next_ask_at

    assert due is not None
    assert RULES.interval - ROUNDING <= due - now <= longest_gap(RULES) + ROUNDING
