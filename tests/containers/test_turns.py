from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Semaphore

import pytest

from exporter.containers.change import Change
from exporter.containers.turns import Request, Turns

Group = list[set[str]]


class Asked(Request[str]):
    """A request that tells when its thread waits."""

    def __init__(self, *ids: str, waiting: Semaphore | None = None) -> None:
        super().__init__(ids, lambda added: (Change(), f"{added} before"))
        self._waiting = waiting or Semaphore()

    def sleep(self) -> None:
        self._waiting.release()
        super().sleep()


@dataclass
class Work:
    """Takes note of the groups; holds up the first one until it may go on."""

    groups: list[Group] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    may_go_on: Event = field(default_factory=Event)
    failure: Exception | None = None

    def carry_out(self, group: Sequence[Request[object]]) -> None:
        self.groups.append([set(request.ids) for request in group])
        self.begun.set()
        self.may_go_on.wait(10)
        if self.failure is not None:
            raise self.failure
        for number, request in enumerate(group):
            request.decide(number)


@contextmanager
def while_one_is_under_way(
    work: Work, turns: Turns, requests: Collection[Sequence[Asked]], waiting: Semaphore
) -> Iterator[None]:
    """Have each of the sequences taken by a thread of its own while a first group goes on."""
    with ThreadPoolExecutor(len(requests) + 1) as threads:
        done = [threads.submit(turns.take, [Asked("first")])]
        work.begun.wait(10)
        for each in requests:
            done.append(threads.submit(turns.take, each))
            waiting.acquire()
        yield
        work.may_go_on.set()
    for take in done:
        take.result()


def groups_of(requests: Sequence[Sequence[Sequence[str]]]) -> list[Group]:
    """Return the groups that requests of these containers make, the first one left out."""
    work, waiting = Work(), Semaphore(0)
    turns = Turns(work.carry_out)
    asked = [[Asked(*ids, waiting=waiting) for ids in each] for each in requests]
    with while_one_is_under_way(work, turns, asked, waiting):
        assert work.groups == [[{"first"}]]
    assert all(request.is_done for each in asked for request in each)
    return work.groups[1:]


def test_what_comes_while_a_group_is_carried_out_makes_the_next_one() -> None:
    assert groups_of([[["1"], ["2"]], [["3"]], [["4", "5"]]]) == [
        [{"1"}, {"2"}, {"3"}, {"4", "5"}],
    ]


def test_requests_for_the_same_container_are_carried_out_one_after_the_other() -> None:
    assert groups_of([[["1"], ["2"]], [["2", "3"]], [["3"]], [["4"]]]) == [
        [{"1"}, {"2"}],
        [{"2", "3"}],
        [{"3"}, {"4"}],
    ]


def test_requests_for_no_container_go_with_any() -> None:
    assert groups_of([[[]], [["1"]], [[]]]) == [[set(), {"1"}, set()]]


def test_a_group_has_an_end() -> None:
    large = [[f"{number}-{index}" for index in range(1_000)] for number in range(5)]

    found = groups_of([[ids] for ids in large])

    assert [len(group) for group in found] == [2, 2, 1]


def test_a_single_request_is_never_too_large() -> None:
    ids = [str(number) for number in range(5_000)]

    assert groups_of([[ids], [["x"]]]) == [[set(ids)], [{"x"}]]


@pytest.fixture
def work() -> Work:
    work = Work()
    work.may_go_on.set()
    return work


def test_an_answer_is_what_was_decided(work: Work) -> None:
    request = Asked("1")

    assert Turns(work.carry_out).take_one(request) == "0 before"
    assert request.outcome() == "0 before"


def test_nothing_asked_is_nothing_done(work: Work) -> None:
    turns = Turns(work.carry_out)
    turns.take([])

    assert work.groups == []
    assert turns.take_one(Asked("1")) == "0 before"


def failing(error: Exception) -> Callable[[int], tuple[Change, str]]:
    def decide(_added: int) -> tuple[Change, str]:
        raise error

    return decide


def test_what_fails_to_be_decided_fails_alone(work: Work) -> None:
    error = ValueError("no")
    requests = [Asked("1"), Request(["2"], failing(error)), Asked("3")]

    Turns(work.carry_out).take(requests)

    assert [request.outcome() for request in requests] == ["0 before", error, "2 before"]
    with pytest.raises(ValueError, match="no"):
        requests[1].answer()


def test_a_defect_fails_its_group_and_no_other(work: Work) -> None:
    turns = Turns(work.carry_out)
    work.failure = RuntimeError("a defect")
    with pytest.raises(RuntimeError, match="a defect"):
        turns.take_one(Asked("1"))
    work.failure = None

    assert turns.take_one(Asked("1")) == "0 before"


def test_who_is_alone_has_no_group_carried_out_meanwhile() -> None:
    work, waiting = Work(), Semaphore(0)
    work.may_go_on.set()
    turns = Turns(work.carry_out)
    with ThreadPoolExecutor(1) as thread:
        with turns.alone():
            later = thread.submit(turns.take, [Asked("1"), Asked("2", waiting=waiting)])
            assert not work.begun.wait(0.05)
        later.result()

    assert work.groups == [[{"1"}, {"2"}]]


def test_each_of_many_threads_requests_is_carried_out_once(eager_threads: None) -> None:
    work = Work()
    work.may_go_on.set()
    turns = Turns(work.carry_out)

    with ThreadPoolExecutor(16) as threads:
        for thread in range(200):
            threads.submit(turns.take, [Asked(str(thread % 7)), Asked(f"{thread} too")])

    taken = [ids for group in work.groups for request in group for ids in request]
    assert len(taken) == 400
    for thread in range(7):
        assert taken.count(str(thread)) == len(range(thread, 200, 7))
