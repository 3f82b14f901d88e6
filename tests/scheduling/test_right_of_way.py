import time
from threading import Thread

import pytest

from exporter.scheduling.right_of_way import RightOfWay
from tests.scheduling.runs import GENEROUS


def giving_way(right_of_way: RightOfWay) -> Thread:
    thread = Thread(target=right_of_way.give, daemon=True)
    thread.start()
    return thread


def test_nobody_waits_for_what_is_not_urgent() -> None:
    right_of_way = RightOfWay(longest_wait=GENEROUS)

    with right_of_way.taken():
        pass

    right_of_way.give()


def test_what_gives_way_goes_on_once_nothing_urgent_does() -> None:
    right_of_way = RightOfWay(longest_wait=GENEROUS)

    with right_of_way.taken():
        with pytest.raises(ZeroDivisionError), right_of_way.taken():
            raise ZeroDivisionError
        waiting = giving_way(right_of_way)
        waiting.join(0.01)
        assert waiting.is_alive()

    waiting.join(GENEROUS)
    assert not waiting.is_alive()


def test_what_gives_way_goes_on_after_a_while_whatever_is_urgent() -> None:
    right_of_way = RightOfWay(longest_wait=0.01)

    with right_of_way.taken():
        waiting = giving_way(right_of_way)
        waiting.join(GENEROUS)
        assert not waiting.is_alive()


def test_those_that_go_on_beside_what_is_urgent_do_so_one_after_another() -> None:
    right_of_way = RightOfWay(longest_wait=0.01)
    began = time.monotonic()

    with right_of_way.taken():
        for thread in [giving_way(right_of_way) for _ in range(5)]:
            thread.join(GENEROUS)

    assert time.monotonic() - began >= 5 * 0.01
