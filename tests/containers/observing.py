from dataclasses import dataclass, field

from exporter.domain import ContainerStatus, StoreTrouble


@dataclass
class Processed:
    """Takes note of the containers that were processed, and after how long, and of troubles."""

    noted: list[tuple[ContainerStatus, float]] = field(default_factory=list)
    troubles: list[StoreTrouble] = field(default_factory=list)
    fenced: int = 0

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        self.noted.append((outcome, seconds))

    def store_failed(self, trouble: StoreTrouble) -> None:
        self.troubles.append(trouble)

    def writes_fenced(self, count: int) -> None:
        self.fenced += count
