"""Who a process is, for others on the same store."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname

_PROC = Path("/proc")
_UNKNOWN = 0
_STARTED_AT = 19
"""The place of a process's start, in ticks since boot, after its name in /proc/PID/stat.

Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""
_NAME = re.compile(r"(?P<host>\S*) (?P<system>\S+) (?P<process>\d+) (?P<started>\d+)")


def name_of_this_process() -> str:
    """Return a name that no other process has, now or later, on this host or another."""
    pid = os.getpid()
    return f"{gethostname()} {_system()} {pid} {_started(pid)}"


def is_gone(name: str) -> bool:
    """Tell whether the process of that name has ended, as far as can be told from here."""
    parts = _NAME.fullmatch(name)
    if parts is None or parts["system"] != _system():
        return False
    pid = int(parts["process"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _started(pid) not in {int(parts["started"]), _UNKNOWN}


def _system() -> str | None:
    """Return what all processes that see each other have in common: a boot, and a namespace."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _started(pid: int) -> int:
    try:
        status = (_PROC / f"{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return _UNKNOWN
    return int(status.rpartition(")")[2].split()[_STARTED_AT])


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with a lease of so many seconds."""

    shard: int
    total_shards: int
    seconds: float
    name: str = field(default_factory=name_of_this_process)

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        return {
            "holder": self.name,
            "shard": self.shard,
            "total_shards": self.total_shards,
            "seconds": self.seconds,
        }
