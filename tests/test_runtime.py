"""What the process sets for itself is seen from a process of its own."""

import subprocess
import sys

GROWN = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock
from exporter.runtime import suit_many_threads

if sys.argv[1] == "suited":
    suit_many_threads()

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

# Threads take turns to hold 20 MB in pieces that malloc takes from an arena of the thread's own.
THREADS = 8
ready, turn = Barrier(THREADS), Lock()

def hold_for_a_while():
    ready.wait()
    with turn:
        return [b"x" * 20_000 for _ in range(1000)][-1]

before = resident()
with ThreadPoolExecutor(THREADS) as pool:
    kept = [one.result() for one in [pool.submit(hold_for_a_while) for _ in range(THREADS)]]
    print(resident() - before, sys.getswitchinterval())
"""


def measured(how: str) -> tuple[int, float]:
    done = subprocess.run(
        (sys.executable, "-c", GROWN, how), capture_output=True, text=True, check=True, timeout=60
    )
    grown, interval = done.stdout.split()
    return int(grown), float(interval)


def test_what_one_thread_has_freed_another_uses_again() -> None:
    usual, _ = measured("usual")
    suited, interval = measured("suited")

    assert suited < usual / 2
    assert interval == 0.001


KEPT = """
from pathlib import Path
from exporter.runtime import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

pieces = [b"x" * 20_000 for _ in range(2000)]
last = pieces[-1]
held = resident()
del pieces
kept = resident()
give_back_memory()
print(held - kept, held - resident())
"""


def test_what_is_free_below_what_is_used_is_given_back() -> None:
    command = (sys.executable, "-c", KEPT)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    unasked, asked = map(int, done.stdout.split())

    assert unasked < 5_000_000
    assert asked > 35_000_000
