"""F14: a container that Meta forgets, that never finishes or that expires comes to an end."""

from dataclasses import dataclass

import pytest

from exporter.simulator import User, World
from exporter.simulator.containers import Life, expires, stays_in_progress
from tests.clock import ControlledClock
from tests.faults.canary import CanaryWorld
from tests.faults.own_time import DAY, HOUR, MINUTE, OwnTime, own_time
from tests.workspace import Workspace

CONTAINER = "17889615691921648"
UNFINISHED = "threads_container_oldest_unfinished_timestamp_seconds"
EAGER = [MINUTE * number for number in range(1, 6)]


@pytest.fixture
def live_world(clock: ControlledClock) -> World:
    return CanaryWorld(clock)


def outcomes(life: OwnTime) -> dict[str, float]:
    counts = life.exporter.scrape().by("outcome", "threads_container_outcomes_total")
    return {outcome: count for outcome, count in counts.items() if count}


def live_on(life: OwnTime, user: User) -> list[float]:
    """Let a day and an hour pass; return the ages at which the container was asked about."""
    registered = life.clock.monotonic()
    while (age := life.clock.monotonic() - registered) <= DAY + HOUR:
        life.clock.advance(MINUTE if age < HOUR else HOUR / 2)
        life.probe(user)
    return [moment - registered for moment in life.asks(user)]


@dataclass(frozen=True)
class Course:
    """What becomes of a container in a day, and the ages at which it is asked about."""

    life: Life | None
    outcomes: tuple[str, ...]
    asks: list[float]


COURSES = {
    "unknown to Meta": Course(None, ("lost",), [*EAGER, 900, HOUR]),
    "forgotten by Meta": Course(
        stays_in_progress().lost_after(2 * HOUR),
        ("gave_up", "lost"),
        [*EAGER, 900, HOUR, 6 * HOUR],
    ),
    "never finishing": Course(
        stays_in_progress(), ("gave_up",), [*EAGER, 900, HOUR, 6 * HOUR, DAY]
    ),
    "never published": Course(expires(finished=0), ("EXPIRED",), [900, HOUR, 6 * HOUR, DAY]),
}


@pytest.mark.parametrize("name", COURSES)
def test_a_container_is_asked_about_ever_more_rarely_and_ends(
    workspace: Workspace, live_world: World, clock: ControlledClock, name: str
) -> None:
    course, acme = COURSES[name], live_world.add_user("acme")
    if course.life is not None:
        acme.add_container(CONTAINER, course.life)
    account = workspace.account(acme, containers=[CONTAINER])
    with own_time(workspace, live_world, clock, [account]) as life:
        asks = live_on(life, acme)
        ends = outcomes(life)
        unfinished = life.exporter.scrape().select(UNFINISHED)

    assert asks == course.asks
    assert ends == dict.fromkeys(course.outcomes, 1)
    assert unfinished == []
