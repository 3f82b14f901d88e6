from collections.abc import Iterator, Mapping
from dataclasses import replace

from exporter.domain import ContainerErrorMessage, ContainerOutcome, ContainerStatus
from exporter.observations.model import AccountObservation, ContainerSummary
from tests.metrics.scrapes import STATE, Exporter, exporter_of, identity

STATUS = "threads_container_status"
DROPPED = "threads_exporter_series_dropped_total"


def exporter_with(containers: ContainerSummary) -> Exporter:
    return exporter_of(AccountObservation(identity(), containers=containers))


def test_every_status_is_told_from_zero() -> None:
    containers = ContainerSummary({ContainerStatus.IN_PROGRESS: 2, ContainerStatus.ERROR: 1})

    assert exporter_with(containers).scrape("threads_containers") == [
        'threads_containers{account="acme",status="PENDING"} 0.0',
        'threads_containers{account="acme",status="IN_PROGRESS"} 2.0',
        'threads_containers{account="acme",status="FINISHED"} 0.0',
        'threads_containers{account="acme",status="PUBLISHED"} 0.0',
        'threads_containers{account="acme",status="ERROR"} 1.0',
        'threads_containers{account="acme",status="EXPIRED"} 0.0',
        'threads_containers{account="acme",status="OTHER"} 0.0',
    ]


def test_every_outcome_is_told_from_zero() -> None:
    containers = ContainerSummary(outcomes={ContainerOutcome.GAVE_UP: 4})

    assert exporter_with(containers).scrape("threads_container_outcomes_total") == [
        'threads_container_outcomes_total{account="acme",outcome="PUBLISHED"} 0.0',
        'threads_container_outcomes_total{account="acme",outcome="ERROR"} 0.0',
        'threads_container_outcomes_total{account="acme",outcome="EXPIRED"} 0.0',
        'threads_container_outcomes_total{account="acme",outcome="gave_up"} 4.0',
        'threads_container_outcomes_total{account="acme",outcome="lost"} 0.0',
        'threads_container_outcomes_total{account="acme",outcome="removed"} 0.0',
    ]


def test_every_error_message_is_told_from_zero() -> None:
    errors = {ContainerErrorMessage.INVALID_ASPEC_RATIO: 3}

    lines = exporter_with(ContainerSummary(errors=errors)).scrape("threads_container_errors_total")

    assert lines == [
        f'threads_container_errors_total{{account="acme",error_message="{message}"}} {count}'
        for message, count in {
            "FAILED_DOWNLOADING_VIDEO": 0.0,
            "FAILED_PROCESSING_AUDIO": 0.0,
            "FAILED_PROCESSING_VIDEO": 0.0,
            "INVALID_ASPEC_RATIO": 3.0,
            "INVALID_BIT_RATE": 0.0,
            "INVALID_DURATION": 0.0,
            "INVALID_FRAME_RATE": 0.0,
            "INVALID_AUDIO_CHANNELS": 0.0,
            "INVALID_AUDIO_CHANNEL_LAYOUT": 0.0,
            "UNKNOWN": 0.0,
            "OTHER": 0.0,
        }.items()
    ]


def test_the_oldest_unfinished_is_told_while_there_is_one() -> None:
    name = "threads_container_oldest_unfinished_timestamp_seconds"
    waiting = ContainerSummary(oldest_unfinished_at=1_789_999_999.25)

    assert exporter_with(waiting).scrape(name) == [f'{name}{{account="acme"}} 1.78999999925e+09']
    assert exporter_with(ContainerSummary()).scrape(name) == []


def test_a_container_has_a_series_for_each_status() -> None:
    containers = ContainerSummary(statuses={"17889": ContainerStatus.FINISHED})

    assert exporter_with(containers).scrape(STATUS, DROPPED) == [
        f'{STATUS}{{account="acme",container_id="17889",status="PENDING"}} 0.0',
        f'{STATUS}{{account="acme",container_id="17889",status="IN_PROGRESS"}} 0.0',
        f'{STATUS}{{account="acme",container_id="17889",status="FINISHED"}} 1.0',
        f'{STATUS}{{account="acme",container_id="17889",status="PUBLISHED"}} 0.0',
        f'{STATUS}{{account="acme",container_id="17889",status="ERROR"}} 0.0',
        f'{STATUS}{{account="acme",container_id="17889",status="EXPIRED"}} 0.0',
        f'{STATUS}{{account="acme",container_id="17889",status="OTHER"}} 0.0',
        f"{DROPPED} 0.0",
    ]


def test_no_container_has_series_of_its_own_unless_it_is_to() -> None:
    containers = ContainerSummary({ContainerStatus.PENDING: 1})

    assert exporter_with(containers).scrape(STATUS) == []


def exporter_with_five_containers(limit: int) -> Exporter:
    exporter = exporter_of(
        AccountObservation(identity("acme"), containers=pending("1", "2")),
        AccountObservation(identity("beta"), containers=pending("3", "4", "5")),
    )
    exporter.state = replace(exporter.state, per_container_limit=limit)
    return exporter


def pending(*container_ids: str) -> ContainerSummary:
    return ContainerSummary(statuses=dict.fromkeys(container_ids, ContainerStatus.PENDING))


def shown(lines: list[str]) -> list[str]:
    return [line.split('"')[3] for line in lines if line.endswith('status="PENDING"} 1.0')]


def test_the_accounts_share_one_limit_in_their_order() -> None:
    lines = exporter_with_five_containers(limit=3).scrape(STATUS)

    assert shown(lines) == ["1", "2", "3"]
    assert len(lines) == 21


def test_what_a_limit_leaves_out_is_counted_at_each_scrape() -> None:
    exporter = exporter_with_five_containers(limit=3)

    assert exporter.scrape(DROPPED) == [f"{DROPPED} 14.0"]
    assert exporter.scrape(DROPPED) == [f"{DROPPED} 28.0"]


def test_nothing_is_left_out_at_the_limit() -> None:
    exporter = exporter_with_five_containers(limit=5)

    assert shown(exporter.scrape(STATUS)) == ["1", "2", "3", "4", "5"]
    assert exporter.scrape(DROPPED) == [f"{DROPPED} 0.0"]


def test_ten_thousand_containers_are_shown_unless_told_otherwise() -> None:
    assert STATE.per_container_limit == 10_000


class Broken(Mapping[str, ContainerStatus]):
    """A mapping of two containers that fails once it is read."""

    def __getitem__(self, _: str) -> ContainerStatus:
        raise RuntimeError("a fault in this account")

    def __iter__(self) -> Iterator[str]:
        yield from ("1", "2")

    def __len__(self) -> int:
        return 2


def test_a_fault_in_one_account_leaves_the_others_their_containers() -> None:
    exporter = exporter_of(
        AccountObservation(identity("faulty"), containers=ContainerSummary(statuses=Broken())),
        AccountObservation(identity("fine"), containers=pending("3")),
    )

    assert shown(exporter.scrape(STATUS)) == ["3"]
