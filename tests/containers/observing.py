from dataclasses import dataclass, field

from exporter.domain import ContainerStatus


@dataclass
class Processed:
    """Takes note of the containers that were processed, and after how many seconds."""

    noted: list[tuple[ContainerStatus, float]] = field(default_factory=list)

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        self.noted.append((outcome, seconds))
