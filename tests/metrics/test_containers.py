from exporter.domain import ContainerErrorMessage, ContainerOutcome, ContainerStatus
from exporter.observations.model import AccountObservation, ContainerSummary
from tests.metrics.scrapes import Exporter, exporter_of, identity


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
