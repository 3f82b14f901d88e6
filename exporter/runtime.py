"""The interpreter and the C library, set for many threads that do a little work each."""

import ctypes
import sys

# M_ARENA_MAX of glibc's malloc.h.
_ARENAS = -8
_SWITCH_SECONDS = 0.001


def suit_many_threads() -> None:
    """Set what holds for the whole process; before it has threads.

    By default glibc gives threads arenas of their own, which never use again what another one
    has freed: each time that another thread renders all accounts, memory grows by their text. And
    a thread that comes back from I/O, or from compressing, waits up to 5 ms for each one that
    computes: beside 60 polls a scrape takes seconds.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    _c_library("mallopt", _ARENAS, 1)


def give_back_memory() -> None:
    """Give the system what is free, which takes milliseconds: glibc keeps it below what is used."""
    _c_library("malloc_trim", 0)


def _c_library(function: str, *arguments: int) -> None:
    """Call a function of glibc; other C libraries have none such."""
    called = getattr(ctypes.CDLL(None), function, None)
    if called is not None:
        called(*arguments)
