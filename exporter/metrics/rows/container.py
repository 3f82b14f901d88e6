from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from exporter.domain import ContainerErrorMessage, ContainerOutcome, ContainerStatus
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation, ContainerSummary

STATUS = Label("status", values=tuple(ContainerStatus))
OUTCOME = Label("outcome", values=tuple(ContainerOutcome))
ERROR_MESSAGE = Label("error_message", values=tuple(ContainerErrorMessage))
CONTAINER_ID = Label("container_id", meaning="the media container's id")
SERIES_PER_CONTAINER = len(ContainerStatus)
Value = TypeVar("Value", bound=StrEnum)


def _containers(observation: AccountObservation, _: Context) -> ContainerSummary:
    return observation.containers


def _each_of(
    values: type[Value], read: Callable[[ContainerSummary], Mapping[Value, int]]
) -> Callable[[ContainerSummary], Samples]:
    def samples(containers: ContainerSummary) -> Iterator[Sample]:
        counts = read(containers)
        for value in values:
            yield (value,), counts.get(value, 0)

    return samples


def _oldest_unfinished(containers: ContainerSummary) -> Iterator[Sample]:
    if containers.oldest_unfinished_at is not None:
        yield (), containers.oldest_unfinished_at


def _shown(
    observation: AccountObservation, context: Context
) -> Sequence[tuple[str, ContainerStatus]]:
    statuses = observation.containers.statuses
    return list(islice(statuses.items(), context.containers.take(len(statuses))))


def _statuses(containers: Sequence[tuple[str, ContainerStatus]]) -> Iterator[Sample]:
    for container_id, current in containers:
        for status in ContainerStatus:
            yield (container_id, status), status == current


ROWS = (
    AccountRow(
        Desc(
            "threads_containers",
            MetricType.GAUGE,
            "Tracked media containers by the status that Meta last told when polled. PENDING was"
            " never answered yet, OTHER is a status that Meta added.",
            (ACCOUNT, STATUS),
            when="always, every status; an ended container counts for `containers.retention`",
            promql='sum by (account) (threads_containers{status=~"PENDING|IN_PROGRESS"})',
        ),
        _containers,
        _each_of(ContainerStatus, lambda containers: containers.by_status),
    ),
    AccountRow(
        Desc(
            "threads_container_outcomes_total",
            MetricType.COUNTER,
            "Tracked media containers by how the exporter's polling of them ended. gave_up was"
            " still in progress after polling.containers.give_up_after, lost is no longer known to"
            " Meta, removed was untracked.",
            (ACCOUNT, OUTCOME),
            when="always, every outcome",
            promql='increase(threads_container_outcomes_total{outcome!="PUBLISHED"}[1h]) > 0',
        ),
        _containers,
        _each_of(ContainerOutcome, lambda containers: containers.outcomes),
    ),
    AccountRow(
        Desc(
            "threads_container_errors_total",
            MetricType.COUNTER,
            "Tracked media containers that ended in status ERROR, by the error_message of the"
            " polled container. OTHER is a message that Meta does not document.",
            (ACCOUNT, ERROR_MESSAGE),
            when="always, every message",
            promql="sum by (error_message) (increase(threads_container_errors_total[1d])) > 0",
        ),
        _containers,
        _each_of(ContainerErrorMessage, lambda containers: containers.errors),
    ),
    AccountRow(
        Desc(
            "threads_container_oldest_unfinished_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the oldest unfinished media container was registered.",
            (ACCOUNT,),
            when="while a container is unfinished",
            promql="time() - threads_container_oldest_unfinished_timestamp_seconds > 600",
        ),
        _containers,
        _oldest_unfinished,
    ),
)
STATUS_ROW = AccountRow(
    Desc(
        "threads_container_status",
        MetricType.GAUGE,
        "1 for the status that Meta last told of a tracked media container when polled, 0 for"
        " every other status.",
        (ACCOUNT, CONTAINER_ID, STATUS),
        when="only with `containers.per_container_metrics`; every status, while the container"
        " counts in `threads_containers`, for 10 000 containers of all accounts together; what"
        " is left out counts in `threads_exporter_series_dropped_total`",
        promql='threads_container_status{status="ERROR"} == 1',
    ),
    _shown,
    _statuses,
)
"""Of each container, as far as there is room for the containers of all accounts together."""
