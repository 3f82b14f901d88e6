"""Which shard an account belongs to, as kube-state-metrics' `--shard` and `--total-shards`."""

import re
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several processes that share the accounts; alone, it has them all."""

    ordinal: int = 0
    total: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.ordinal < self.total:
            raise ValueError(
                f"shard {self.ordinal} is none of {self.total}: shards are counted from 0"
            )

    def has(self, name: str) -> bool:
        """Return whether an account is this shard's.

        By rendezvous hashing: from n to n+1 shards, 1 in n+1 accounts moves.
        """
        return self.ordinal == shard_of(name, self.total)


def shard_of(name: str, total: int) -> int:
    """Return which of so many shards an account belongs to."""
    return max(range(total), key=lambda shard: _weight(shard, name))


def shard_of_host(host_name: str) -> int:
    """Return the ordinal at the end of a StatefulSet pod's name; raises ValueError."""
    found = re.search(r"-(\d+)$", host_name.split(".", 1)[0])
    if found is None:
        raise ValueError(f"the host name {host_name!r} ends with no StatefulSet ordinal")
    return int(found.group(1))


def _weight(shard: int, name: str) -> bytes:
    return blake2b(f"{shard} {name}".encode(), digest_size=8).digest()
