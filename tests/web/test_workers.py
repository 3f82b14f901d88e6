import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest

from exporter.web.workers import Together, TooBusyError, Workers

REFUSED = ValueError("refused")


@dataclass
class Work:
    """Takes note of what it is given at once; held up until it may go on."""

    taken: list[list[str]] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    may_go_on: Event = field(default_factory=Event)

    def do(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.taken.append([*items])
        self.begun.set()
        self.may_go_on.wait(10)
        if "defect" in items:
            raise ZeroDivisionError
        return [REFUSED if item == "refused" else f"did {item}" for item in items]


async def begun(work: Work, asked: Coroutine[object, object, str]) -> asyncio.Task[str]:
    """Return the task of what is asked for first, once the work is under way."""
    task = asyncio.create_task(asked)
    await asyncio.to_thread(work.begun.wait, 10)
    return task


async def outcomes(
    work: Work, first: asyncio.Task[str], rest: Sequence[Coroutine[object, object, str]]
) -> Sequence[object]:
    """Ask for the rest while the first is under way; return what becomes of each."""
    tasks = [asyncio.create_task(asked) for asked in rest]
    await asyncio.sleep(0)
    work.may_go_on.set()
    return await asyncio.gather(first, *tasks, return_exceptions=True)


def done(*items: str, limit: int = 0) -> tuple[Sequence[object], list[list[str]]]:
    """Ask for the first item, and for the others once it is worked at."""
    work = Work()

    async def ask() -> Sequence[object]:
        together = Together(Workers("test", 4, limit), work.do)
        first = await begun(work, together.run(items[0]))
        return await outcomes(work, first, [together.run(item) for item in items[1:]])

    return asyncio.run(ask()), work.taken


def test_what_comes_while_work_is_under_way_is_done_together() -> None:
    found, taken = done("1", "2", "3")

    assert found == ["did 1", "did 2", "did 3"]
    assert taken == [["1"], ["2", "3"]]


def test_what_comes_as_soon_as_work_is_done_joins_what_waits() -> None:
    work = Work()

    async def ask() -> Sequence[object]:
        together = Together(Workers("test", 4), work.do)

        async def one_after_the_other() -> str:
            return f"{await together.run('1')}, {await together.run('3')}"

        first = await begun(work, one_after_the_other())
        return await outcomes(work, first, [together.run("2")])

    assert asyncio.run(ask()) == ["did 1, did 3", "did 2"]
    assert work.taken == [["1"], ["2", "3"]]


def test_an_error_is_raised_where_it_belongs() -> None:
    found, taken = done("1", "2", "refused", "3")

    assert found == ["did 1", "did 2", REFUSED, "did 3"]
    assert taken == [["1"], ["2", "refused", "3"]]


def test_a_defect_is_of_all_that_were_done_with_it_and_of_no_other() -> None:
    found, _ = done("defect", "1")

    assert isinstance(found[0], ZeroDivisionError)
    assert found[1] == "did 1"


def test_past_the_limit_the_next_is_refused() -> None:
    found, taken = done("1", "2", "3", limit=2)

    assert found[:2] == ["did 1", "did 2"]
    assert isinstance(found[2], TooBusyError)
    assert taken == [["1"], ["2"]]


def test_one_that_is_cut_hinders_no_other() -> None:
    work = Work()

    async def ask() -> Sequence[object]:
        together = Together(Workers("test", 4, 3), work.do)
        first = await begun(work, together.run("1"))
        cut = asyncio.create_task(together.run("2"))
        await asyncio.sleep(0)
        cut.cancel()
        found = await outcomes(work, first, [together.run("3")])
        with pytest.raises(asyncio.CancelledError):
            await cut
        return [*found, await together.run("4")]

    assert asyncio.run(ask()) == ["did 1", "did 3", "did 4"]
    assert work.taken == [["1"], ["2", "3"], ["4"]]
