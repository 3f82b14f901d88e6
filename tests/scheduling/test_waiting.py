import threading

import pytest

from exporter.domain import Poll, PollJob
from exporter.scheduling.waiting import (
    HANDICAP_SECONDS,
    LONG_RUN_SECONDS,
    LONG_RUNS_IN_A_ROW,
    WaitingPolls,
)

SLOTS = 4


def app_of(account: str) -> str:
    """Return the app of an account that is named APP/ACCOUNT, each other has one of its own."""
    return account.partition("/")[0]


def job(account: str, poll: Poll = Poll.QUOTA) -> PollJob:
    return poll, account


@pytest.fixture
def waiting() -> WaitingPolls:
    """Give four slots; `slow` and `slower` hung when they ran last."""
    waiting = WaitingPolls(SLOTS, app_of)
    for account in ("slow", "slower", "slowest"):
        waiting.ran(job(account), LONG_RUN_SECONDS)
    return waiting


def drain(waiting: WaitingPolls, turns: int) -> list[str]:
    """Return whose polls are started next, with none of them ending."""
    return [turn[0][1] for turn in (waiting.get() for _ in range(turns)) if turn is not None]


def test_polls_are_run_in_the_order_in_which_they_came(waiting: WaitingPolls) -> None:
    for account in ("a", "c", "b"):
        waiting.put(job(account), due=0)

    assert drain(waiting, 3) == ["a", "c", "b"]


def test_who_took_long_waits_behind_those_who_did_not(waiting: WaitingPolls) -> None:
    for account in ("slow", "a", "b"):
        waiting.put(job(account), due=0)

    assert drain(waiting, 3) == ["a", "b", "slow"]


def test_who_took_long_does_so_in_all_its_polls(waiting: WaitingPolls) -> None:
    waiting.put(job("slow", Poll.TOKEN), due=0)
    waiting.put(job("a"), due=0)

    assert drain(waiting, 2) == ["a", "slow"]


def test_who_takes_long_no_more_waits_in_the_first_line_again(waiting: WaitingPolls) -> None:
    waiting.ran(job("slow"), LONG_RUN_SECONDS / 2)
    for account in ("slow", "a"):
        waiting.put(job(account), due=0)

    assert drain(waiting, 2) == ["slow", "a"]


def test_an_app_whose_accounts_all_take_long_has_all_of_them_wait(waiting: WaitingPolls) -> None:
    for number in range(LONG_RUNS_IN_A_ROW):
        waiting.ran(job(f"app/{number}"), LONG_RUN_SECONDS)
    for account in ("app/unknown", "other/unknown"):
        waiting.put(job(account), due=0)

    assert drain(waiting, 2) == ["other/unknown", "app/unknown"]


def test_an_app_is_not_slow_once_one_of_its_accounts_is_quick(waiting: WaitingPolls) -> None:
    for number in range(LONG_RUNS_IN_A_ROW):
        waiting.ran(job(f"app/{number}"), LONG_RUN_SECONDS)
    waiting.ran(job("app/quick"), 0)
    for account in ("app/0", "app/unknown", "other/unknown"):
        waiting.put(job(account), due=0)

    assert drain(waiting, 3) == ["app/unknown", "other/unknown", "app/0"]


def test_who_has_waited_for_long_goes_first_though_slow(waiting: WaitingPolls) -> None:
    waiting.put(job("slow"), due=0)
    waiting.put(job("a"), due=HANDICAP_SECONDS)
    waiting.put(job("b"), due=HANDICAP_SECONDS + 1)

    assert drain(waiting, 3) == ["a", "slow", "b"]


def test_who_took_long_holds_half_of_the_slots_at_most(waiting: WaitingPolls) -> None:
    for account in ("slow", "slower", "slowest"):
        waiting.put(job(account), due=0)
    held = drain(waiting, SLOTS // 2)
    waiting.put(job("a"), due=2 * HANDICAP_SECONDS)

    assert held == ["slow", "slower"]
    assert drain(waiting, 1) == ["a"]


def test_a_slot_that_is_free_again_goes_to_the_next_who_took_long(waiting: WaitingPolls) -> None:
    for account in ("slow", "slower", "slowest"):
        waiting.put(job(account), due=0)
    drain(waiting, SLOTS // 2)
    started: list[str] = []
    thread = threading.Thread(target=lambda: started.extend(drain(waiting, 1)))
    thread.start()
    waiting.ran(job("slow"), LONG_RUN_SECONDS)
    thread.join(30)

    assert started == ["slowest"]


def test_the_only_slot_is_for_who_took_long_too() -> None:
    waiting = WaitingPolls(1, app_of)
    waiting.ran(job("slow"), LONG_RUN_SECONDS)
    waiting.put(job("slow"), due=0)

    assert drain(waiting, 1) == ["slow"]


def test_once_closed_nothing_is_run(waiting: WaitingPolls) -> None:
    ends: list[object] = []
    threads = [threading.Thread(target=lambda: ends.append(waiting.get())) for _ in range(3)]
    for thread in threads:
        thread.start()
    waiting.close()
    for thread in threads:
        thread.join(30)
    waiting.put(job("a"), due=0)

    assert ends == [None, None, None]
    assert waiting.get() is None
