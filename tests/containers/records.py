from dataclasses import replace

from exporter.containers.lifecycle import Step, registered
from exporter.containers.record import ContainerRecord, Source
from exporter.containers.rows import CountKey, CountKind
from exporter.domain import (
    ContainerErrorMessage,
    ContainerOutcome,
    ContainerState,
    ContainerStatus,
)

START = 1_790_000_000.25


def new(container_id: str, account: str = "acme", source: Source = Source.API) -> ContainerRecord:
    return registered(account, container_id, source, START)


def many(number: int) -> list[ContainerRecord]:
    return [new(f"{index:08}") for index in range(number)]


def published(record: ContainerRecord, ended_at: float = START + 60.0) -> Step:
    state = ContainerState(ContainerStatus.PUBLISHED)
    outcome = ContainerOutcome.PUBLISHED
    ended = replace(record, state=state, outcome=outcome, ended_at=ended_at, next_ask_at=None)
    return Step(ended, (outcome,))


def failed(record: ContainerRecord) -> Step:
    message = ContainerErrorMessage.INVALID_DURATION
    state = ContainerState(ContainerStatus.ERROR, message)
    outcome = ContainerOutcome.ERROR
    ended = replace(record, state=state, outcome=outcome, ended_at=START, next_ask_at=None)
    return Step(ended, (outcome,), message)


def given_up(record: ContainerRecord) -> Step:
    waiting = replace(record, gave_up=True, asked_at=START + 300.0, next_ask_at=START + 900.0)
    return Step(waiting, (ContainerOutcome.GAVE_UP,))


REGISTERED = CountKey("acme", CountKind.REGISTERED, "api")
PUBLISHED = CountKey("acme", CountKind.OUTCOME, "PUBLISHED")
FAILED = CountKey("acme", CountKind.OUTCOME, "ERROR")
GAVE_UP = CountKey("acme", CountKind.OUTCOME, "gave_up")
INVALID_DURATION = CountKey("acme", CountKind.ERROR, "INVALID_DURATION")
