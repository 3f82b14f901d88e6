from dataclasses import dataclass, field

from exporter.domain import ContainerErrorMessage, ContainerState, ContainerStatus

IN_PROGRESS = ContainerState(ContainerStatus.IN_PROGRESS)
FINISHED = ContainerState(ContainerStatus.FINISHED)
PUBLISHED = ContainerState(ContainerStatus.PUBLISHED)
EXPIRED = ContainerState(ContainerStatus.EXPIRED)
OTHER = ContainerState(ContainerStatus.OTHER)
FAILED = ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.INVALID_DURATION)


@dataclass
class Processed:
    """Takes note of the containers that were processed, and after how many seconds."""

    noted: list[tuple[ContainerStatus, float]] = field(default_factory=list)

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        self.noted.append((outcome, seconds))
