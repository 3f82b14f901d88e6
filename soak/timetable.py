"""What goes wrong when: drawn from a seed, so that a run can be had again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from soak.scale import APPS, Scale

_SHARE_OF_TROUBLE = 0.5
_KILLS = 2
_MOST_KILLED_BY = 0.3


class Trouble(StrEnum):
    """All that goes wrong; the first ones are as soak.meta calls them."""

    RESET = "reset"
    BAD_GATEWAY = "bad gateway"
    HANG = "hang"
    DRIP = "drip"
    TRUNCATION = "truncation"
    MALFORMED = "malformed"
    APP_LIMIT = "app limit"
    TOO_MANY_REQUESTS = "too many requests"
    DEAD_TOKENS = "dead tokens"
    STORE_LOCKED = "store locked"
    STORE_FULL = "store full"
    STOPPED = "exporter stopped"
    KILLED = "exporter killed"
    ACCOUNTS_REMOVED = "accounts removed"
    SCRAPE_FLOOD = "scrape flood"
    HALF_OPEN = "half-open clients"


OF_META = tuple(Trouble)[:8]
_OF_ALL_APPS = frozenset({Trouble.RESET})


@dataclass(frozen=True, slots=True)
class Episode:
    """One trouble; the times are seconds from the start of the run."""

    trouble: Trouble
    begins: float
    ends: float
    apps: tuple[int, ...] = ()


def timetable(scale: Scale) -> Sequence[Episode]:
    """Return the troubles, one after another, in rounds of each.

    Kills are in the first round alone, two and early, for memory to be watched after it.
    """
    random = Random(scale.seed)  # noqa: S311 — the same seed must give the same run
    order = [trouble for number in range(scale.rounds) for trouble in _round(number, random)]
    return list(_episodes(scale, order, random))


def first_round_ends(scale: Scale) -> float:
    """Return from when on each trouble was met; 0 where that is only at the end."""
    if scale.rounds == 1:
        return 0.0
    return timetable(scale)[len(Trouble) + _KILLS - 2].ends


def _round(number: int, random: Random) -> Sequence[Trouble]:
    order: list[Trouble] = [each for each in Trouble if each is not Trouble.KILLED]
    random.shuffle(order)
    if number == 0:
        early = round(_MOST_KILLED_BY * len(order))
        for _ in range(_KILLS):
            order.insert(random.randrange(early), Trouble.KILLED)
    return order


def _episodes(scale: Scale, order: Sequence[Trouble], random: Random) -> Iterator[Episode]:
    slot = scale.troubled / len(order)
    for place, trouble in enumerate(order):
        begins = scale.warm_up + place * slot
        lasts = slot * _SHARE_OF_TROUBLE * random.uniform(0.8, 1.2)
        yield Episode(trouble, begins, begins + lasts, _apps(trouble, random))


def _apps(trouble: Trouble, random: Random) -> tuple[int, ...]:
    if trouble not in OF_META:
        return ()
    if trouble in _OF_ALL_APPS:
        return tuple(range(APPS))
    return tuple(random.sample(range(APPS), 1 if trouble is Trouble.HANG else 3))
