from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


def in_threads(number: int, work: Callable[[T], object], items: Iterable[T]) -> None:
    """Do the work for each item, by so many threads; raises what a work raised.

    What failed must not count as done: it would be the fastest of all.
    """
    waiting = iter(items)
    taking = Lock()

    def run() -> None:
        while True:
            with taking:
                try:
                    item = next(waiting)
                except StopIteration:
                    return
            work(item)

    with ThreadPoolExecutor(number) as pool:
        for done in as_completed([pool.submit(run) for _ in range(number)]):
            done.result()
