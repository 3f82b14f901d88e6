"""Which accounts share a block, in the order of all."""

from collections.abc import Iterator, Mapping, Sequence

from exporter.metrics.block import ACCOUNTS

Group = tuple[str, ...]
_MOST_GROUPS = 2
"""How many times as many groups there may be as are needed."""


def grouped(names: Sequence[str], before: Mapping[str, int]) -> Sequence[Group]:
    """Return the accounts in groups; those that were together, by number, stay so if they can."""
    groups = [*_by_former_group(names, before)]
    needed = -(-len(names) // ACCOUNTS)
    return groups if len(groups) <= _MOST_GROUPS * needed else [*_even(names)]


def _by_former_group(names: Sequence[str], before: Mapping[str, int]) -> Iterator[Group]:
    """Have new accounts follow the one before them; what is too large then is divided."""
    group: list[str] = []
    number: int | None = None
    for name in names:
        former = before.get(name, number)
        if group and (former != number or len(group) == ACCOUNTS):
            yield tuple(group)
            group = []
        number = former
        group.append(name)
    if group:
        yield tuple(group)


def _even(names: Sequence[str]) -> Iterator[Group]:
    return (tuple(names[first : first + ACCOUNTS]) for first in range(0, len(names), ACCOUNTS))
