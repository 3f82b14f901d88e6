from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SharedWork(Generic[Key, Result]):
    """Lets those who ask for the same at the same time share what one of them makes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: dict[Key, Future[Result]] = {}

    def get(self, key: Key, make: Callable[[], Result]) -> Result:
        with self._lock:
            under_way = self._under_way.get(key)
            if under_way is None:
                own = self._under_way[key] = Future()
        if under_way is not None:
            return under_way.result()
        try:
            own.set_result(make())
        except BaseException as error:
            own.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[key]
        return own.result()
