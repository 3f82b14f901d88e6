"""Killing a thread with an exception that no code of the exporter expects."""

import ctypes
import sys
import threading
import time
from pathlib import Path


def threads_named(beginning: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(beginning)]


def kill_thread(thread: threading.Thread) -> None:
    """Raise SystemExit in the thread where it runs next."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )


def _kill_on_demand(order: Path) -> None:
    """Kill the thread whose name is written into the file, once it is there."""
    while not order.exists():
        time.sleep(0.05)
    name = order.read_text("utf-8")
    while threads := threads_named(name):
        kill_thread(threads[0])
        time.sleep(0.05)


if __name__ == "__main__":
    from exporter.cli import main

    # As a launcher it is given the order's file and then the command, of which it is the start.
    order = Path(sys.argv[1])
    del sys.argv[1 : sys.argv.index("exporter") + 1]
    threading.Thread(target=_kill_on_demand, args=[order], daemon=True).start()
    main(prog_name="threads-exporter")
