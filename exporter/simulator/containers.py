"""Media containers and the lives they lead; ages are simulated seconds since creation."""

from dataclasses import dataclass, replace
from math import inf

EXPIRY = 86_400.0


@dataclass(frozen=True, slots=True)
class Step:
    """From the age `after` on, a container has this status; any text, to simulate a new one."""

    after: float
    status: str
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """The steps of a container, and between which ages Meta knows its id at all."""

    steps: tuple[Step, ...]
    known_from: float = 0.0
    known_until: float = inf

    def at(self, age: float) -> Step:
        reached = [step for step in self.steps if step.after <= age]
        return reached[-1] if reached else self.steps[0]

    def published_at(self, age: float) -> "Life":
        before = tuple(step for step in self.steps if step.after <= age)
        return replace(self, steps=(*before, Step(age, "PUBLISHED")))

    def scaled(self, factor: float) -> "Life":
        """Return the life with every age multiplied."""
        steps = tuple(replace(step, after=step.after * factor) for step in self.steps)
        return Life(steps, self.known_from * factor, self.known_until * factor)

    def not_known_before(self, age: float) -> "Life":
        return replace(self, known_from=age)

    def lost_after(self, age: float) -> "Life":
        return replace(self, known_until=age)


_CREATED = Step(0, "IN_PROGRESS")


def stays_in_progress() -> Life:
    return Life((_CREATED,))


def finishes(after: float = 30) -> Life:
    """Return the life of a container that is never published, and so expires in the end."""
    return Life((_CREATED, Step(after, "FINISHED"), Step(EXPIRY, "EXPIRED")))


def publishes(after: float = 60, *, finished: float = 30) -> Life:
    return Life((_CREATED, Step(finished, "FINISHED"), Step(after, "PUBLISHED")))


def fails(error_message: str = "UNKNOWN", after: float = 30) -> Life:
    return Life((_CREATED, Step(after, "ERROR", error_message)))


def expires(after: float = EXPIRY, *, finished: float = 30) -> Life:
    return Life((_CREATED, Step(finished, "FINISHED"), Step(after, "EXPIRED")))


@dataclass(slots=True)
class Container:
    container_id: str
    user_id: str
    created: float
    life: Life
    media_id: str | None = None
