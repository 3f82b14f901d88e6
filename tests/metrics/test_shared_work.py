from threading import Event, Thread

import pytest

from exporter.metrics.shared_work import SharedWork


class Scrape:
    """A key that tells when it is looked up: from then on who looks it up waits or makes it."""

    def __init__(self) -> None:
        self.looked_up = Event()

    def __hash__(self) -> int:
        self.looked_up.set()
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scrape)


def test_who_asks_while_it_is_made_gets_the_same() -> None:
    work: SharedWork[Scrape, object] = SharedWork()
    late = Scrape()
    results: list[object] = []

    def ask() -> None:
        results.append(work.get(late, list))

    second = Thread(target=ask)

    def make() -> object:
        second.start()
        assert late.looked_up.wait(30)
        return object()

    first = work.get(Scrape(), make)
    second.join(30)

    assert results == [first]


def test_who_asks_later_gets_it_made_anew() -> None:
    work: SharedWork[str, object] = SharedWork()

    assert work.get("scrape", object) is not work.get("scrape", object)


def test_a_failure_is_everyones_and_the_next_try_is_a_new_one() -> None:
    work: SharedWork[str, int] = SharedWork()

    with pytest.raises(ZeroDivisionError):
        work.get("scrape", lambda: 1 // 0)

    assert work.get("scrape", lambda: 1) == 1
