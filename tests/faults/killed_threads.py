"""An exporter, some thread of which is killed by an exception that none of its code expects.

As a launcher it is given the file of the orders and then the command, which it runs. An order is
the beginning of a thread's name; its file is gone once the thread is dead.
"""

import ctypes
import sys
import threading
import time
from pathlib import Path

from tests.eventually import eventually

_LOOK_SECONDS = 0.05


def launcher(orders: Path) -> tuple[str, ...]:
    # Not to be traced: CPython 3.11 would never end a call while an exception is on its way to it.
    return (sys.executable, "-m", __name__, str(orders))


def kill(beginning: str, orders: Path) -> None:
    """Kill a thread of the exporter that was launched with these orders."""
    unfinished = orders.with_suffix(".unfinished")
    unfinished.write_text(beginning, "utf-8")
    unfinished.replace(orders)
    eventually(lambda: not orders.exists())


def _obey(orders: Path) -> None:
    while True:
        if orders.exists():
            _kill(orders.read_text("utf-8"))
            orders.unlink()
        time.sleep(_LOOK_SECONDS)


def _kill(beginning: str) -> None:
    thread = next(item for item in threading.enumerate() if item.name.startswith(beginning))
    # What runs in the thread may catch it: then it comes again.
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
        )
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    from exporter.cli import main

    threading.Thread(target=_obey, args=[Path(sys.argv[1])], daemon=True).start()
    del sys.argv[1 : sys.argv.index("exporter") + 1]
    main(prog_name="threads-exporter")
